import Macaroons

/// The master keys by epoch. Root keys are derived from them, so that checking a credential needs no database.
///
/// Root key = HKDF-SHA256(ikm: the epoch's master key, salt: empty, info: `leasehold-root-v1` ‖ token id), 32 bytes
/// (RFC 5869). A value: rotating or retiring makes another keyring.
public struct MasterKeyring: Sendable, CustomStringConvertible, CustomReflectable {
  /// HKDF's pseudo-random keys, extracted beforehand, with their HMAC blocks hashed. The newest first; so few that
  /// looking through them is quicker than hashing an epoch.
  let extracted: [(epoch: UInt16, key: HMACKey)]

  /// The epoch new tokens are minted in.
  public let currentEpoch: UInt16

  private static let info: StaticString = "leasehold-root-v1"

  /// - Parameters:
  ///   - keys: a master key of 32 bytes for each epoch that is not retired.
  ///   - current: the epoch to mint in.
  /// - Returns: nil when there is no key for the current epoch.
  public init?(keys: [UInt16: Bytes32], current: UInt16) {
    guard keys[current] != nil else { return nil }
    // RFC 5869 §2.2: an absent salt is a digest's length of zeros.
    let salt = HMACKey(Bytes32.zero)
    extracted = keys.sorted { $0.key > $1.key }.map { ($0.key, HMACKey(salt.authenticate($0.value))) }
    currentEpoch = current
  }

  /// One master key, as epoch 1.
  public init(key: Bytes32) {
    extracted = [(1, HMACKey(HMACKey(Bytes32.zero).authenticate(key)))]
    currentEpoch = 1
  }

  /// The epochs whose tokens are honoured.
  public var epochs: Set<UInt16> { Set(extracted.map(\.epoch)) }

  /// A name for a new credential, in the current epoch.
  public func newToken() -> TokenID { TokenID(epoch: currentEpoch) }

  /// The key of a token's chain.
  ///
  /// - Throws: ``CredentialRefusal/retired`` when the token's epoch has no key.
  func key(for token: TokenID) throws(CredentialRefusal) -> MacaroonKey {
    MacaroonKey(rootKey: try rootKey(for: token))
  }

  func rootKey(for token: TokenID) throws(CredentialRefusal) -> Bytes32 {
    guard let extracted = extracted.first(where: { $0.epoch == token.epoch })?.key else { throw .retired }
    let info = MasterKeyring.info
    let infoCount = info.utf8CodeUnitCount
    return withUnsafeTemporaryAllocation(byteCount: infoCount + Bytes32.count + 1, alignment: 1) { buffer in
      buffer.copyMemory(from: UnsafeRawBufferPointer(start: info.utf8Start, count: infoCount))
      token.bytes.withUnsafeBytes { buffer[infoCount...].copyBytes(from: $0) }
      // The first and only block of the expansion.
      buffer[infoCount + Bytes32.count] = 1
      return extracted.authenticate(UnsafeRawBufferPointer(buffer))
    }
  }

  /// Epochs only, never a key.
  public var description: String {
    "MasterKeyring(epochs: \(extracted.map(\.epoch).sorted()), current: \(currentEpoch))"
  }

  /// Empty: reflection does not show the keys.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
