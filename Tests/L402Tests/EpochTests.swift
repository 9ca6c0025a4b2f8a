import Macaroons
import Testing

@testable import L402

@Suite struct EpochTests {
  private static let key = Bytes32 { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) }

  @Test func daemonsWithOneSecretAgreeOnEveryEpoch() throws {
    let one = try #require(MasterKeyring(key: Self.key).serving([1, 2, 9], current: 9))
    let two = try #require(MasterKeyring(key: Self.key).serving([1, 9], current: 1))
    #expect(one.messagingSecret == two.messagingSecret, "who writes to renters stays the same")
    #expect(try one.messagingSecret != one.rootKey(for: TokenID(epoch: 1)))
    #expect(one.messagingSecret != MasterKeyring(key: .random()).messagingSecret)
    let token = one.newToken()
    #expect(token.epoch == 9)
    #expect(try one.rootKey(for: token) == two.rootKey(for: token))
    #expect(one.fingerprint(of: 9) == two.fingerprint(of: 9))
    // Through a keyring that had left the first epoch behind, too.
    let later = try #require(one.serving([9], current: 9)?.serving([9, 10], current: 10))
    #expect(try later.rootKey(for: token) == one.rootKey(for: token))
    #expect(later.fingerprint(of: 10) == two.fingerprint(of: 10))
  }

  @Test func everyEpochHasAKeyOfItsOwn() throws {
    let ring = try #require(MasterKeyring(key: Self.key).serving([1, 2, 3], current: 3))
    let random = TokenID(epoch: 1).bytes.array.dropFirst(2)
    let roots = try (1...3).map { epoch in
      try ring.rootKey(for: #require(TokenID([0, UInt8(epoch)] + random)))
    }
    #expect(Set(roots).count == 3)
    #expect(Set((1...300).map { ring.fingerprint(of: $0) }).count == 300)
    // What stands in a database says nothing about the key.
    #expect(ring.fingerprint(of: 1) != Self.key)
  }

  @Test func aKeyThatWasGivenStandsForItsEpochAndThoseAfterIt() throws {
    let given = try #require(MasterKeyring(keys: [1: Self.key, 4: .random()], current: 4))
    let derived = MasterKeyring(key: Self.key)
    #expect(given.fingerprint(of: 3) == derived.fingerprint(of: 3))
    #expect(given.fingerprint(of: 4) != derived.fingerprint(of: 4))
    #expect(given.fingerprint(of: 5) != derived.fingerprint(of: 5))
    #expect(given.fingerprint(of: 0) == nil)
    #expect(given.givenEpochs == [1, 4])
  }

  @Test func aRetiredEpochHasNoKey() throws {
    let ring = try #require(MasterKeyring(key: Self.key).serving([2], current: 2))
    #expect(ring.epochs == [2])
    #expect(!ring.serves(1))
    #expect(throws: CredentialRefusal.retired) { try ring.rootKey(for: TokenID(epoch: 1)) }
    #expect(ring.serving([2], current: 3) == nil)
    #expect(ring.serving([0, 2], current: 2) == nil)
  }
}
