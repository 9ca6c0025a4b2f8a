import L402
import Macaroons
import Testing

/// What is sealed is read by who has the key, as what it was sealed as, and by nobody else.
@Suite struct SealTests {
  private let keyring = MasterKeyring(key: Bytes32 { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) })
  private let other = MasterKeyring(key: Bytes32 { $0.copyBytes(from: [UInt8](repeating: 8, count: 32)) })

  @Test func onlyAsWhatItWasSealedAs() {
    let plain = Array("nostr+walletconnect://…".utf8)
    let sealed = keyring.seal(plain, as: "wallet/1")
    #expect(sealed.count == plain.count + 2 + SecretBox.overhead)
    #expect(keyring.open(sealed, as: "wallet/1") == plain)
    #expect(keyring.open(sealed, as: "wallet/2") == nil)
    #expect(other.open(sealed, as: "wallet/1") == nil)
    #expect(keyring.seal(plain, as: "wallet/1") != sealed, "the nonce is the same again")
    #expect(keyring.open(keyring.seal([], as: "x"), as: "x") == [])
    for index in sealed.indices {
      var broken = sealed
      broken[index] ^= 1
      #expect(keyring.open(broken, as: "wallet/1") == nil, "byte \(index)")
    }
    for count in 0..<sealed.count { #expect(keyring.open(Array(sealed.prefix(count)), as: "wallet/1") == nil) }
  }

  @Test func aRetiredEpochKeepsWhatWasLeftInIt() throws {
    let sealed = keyring.seal([1, 2, 3], as: "x")
    let later = try #require(keyring.serving([2], current: 2))
    #expect(later.open(sealed, as: "x") == [1, 2, 3])
    #expect(keyring.open(later.seal([4], as: "x"), as: "x") == [4])
    #expect(later.seal([4], as: "x").prefix(2) == [0, 2])
  }
}
