import Macaroons

/// The master keys by epoch. Root keys are derived from them, so that checking a credential needs no database.
///
/// Root key = HKDF-SHA256(ikm: the epoch's master key, salt: empty, info: `leasehold-root-v1` ‖ token id), 32 bytes
/// (RFC 5869). A value: rotating or retiring makes another keyring, see ``serving(_:current:)``.
public struct MasterKeyring: Sendable, CustomStringConvertible, CustomReflectable {
  /// HKDF's pseudo-random keys, extracted beforehand, with their HMAC blocks hashed. The newest first; so few that
  /// looking through them is quicker than hashing an epoch.
  let extracted: [(epoch: UInt16, key: HMACKey)]
  /// The same of the keys that were given, whether or not their epochs are served: those after them derive from them.
  private let given: [UInt16: HMACKey]

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
    given = keys.mapValues { HMACKey(salt.authenticate($0)) }
    extracted = MasterKeyring.newestFirst(given)
    currentEpoch = current
  }

  /// One master key, as epoch 1.
  public init(key: Bytes32) {
    given = [1: HMACKey(HMACKey(Bytes32.zero).authenticate(key))]
    extracted = MasterKeyring.newestFirst(given)
    currentEpoch = 1
  }

  private init(given: [UInt16: HMACKey], extracted: [UInt16: HMACKey], current: UInt16) {
    self.given = given
    self.extracted = MasterKeyring.newestFirst(extracted)
    currentEpoch = current
  }

  private static func newestFirst(_ keys: [UInt16: HMACKey]) -> [(epoch: UInt16, key: HMACKey)] {
    keys.sorted { $0.key > $1.key }.map { ($0.key, $0.value) }
  }

  func served(_ epoch: UInt16) -> HMACKey? { extracted.first { $0.epoch == epoch }?.key }

  /// The epochs whose tokens are honoured.
  public var epochs: Set<UInt16> { Set(extracted.map(\.epoch)) }

  /// Whether tokens of an epoch are honoured.
  public func serves(_ epoch: UInt16) -> Bool { served(epoch) != nil }

  /// A name for a new credential, in the current epoch.
  public func newToken() -> TokenID { TokenID(epoch: currentEpoch) }

  /// The name that a rotation gives to what takes a token's place: the same for the same key, and told by nobody who has
  /// not both. So whoever lost the answer is told it again, and nothing is kept for that.
  ///
  /// - Parameters:
  ///   - secret: the holder's own; as good as 128 random bits.
  ///   - epoch: the one to mint in; nil for the current one.
  /// - Returns: nil when the epoch is not served.
  public func rotatedToken(of token: TokenID, under secret: String, epoch: UInt16? = nil) -> TokenID? {
    let epoch = epoch ?? currentEpoch
    guard let key = served(epoch) else { return nil }
    let context = token.bytes.array + Array(secret.utf8)
    let derived = context.withUnsafeBytes { MasterKeyring.expand(key, "leasehold-rotation-v1", $0) }
    return TokenID([UInt8(epoch >> 8), UInt8(epoch & 255)] + derived.array.dropFirst(2))
  }

  /// The key of a token's chain.
  ///
  /// - Throws: ``CredentialRefusal/retired`` when the token's epoch has no key.
  func key(for token: TokenID) throws(CredentialRefusal) -> MacaroonKey {
    MacaroonKey(rootKey: try rootKey(for: token))
  }

  func rootKey(for token: TokenID) throws(CredentialRefusal) -> Bytes32 {
    guard let extracted = served(token.epoch) else { throw .retired }
    return token.bytes.withUnsafeBytes { MasterKeyring.expand(extracted, MasterKeyring.info, $0) }
  }

  /// HKDF's expansion to one block: what it is for, then about whom.
  static func expand(_ key: HMACKey, _ info: StaticString, _ context: UnsafeRawBufferPointer) -> Bytes32 {
    let infoCount = info.utf8CodeUnitCount
    return withUnsafeTemporaryAllocation(byteCount: infoCount + context.count + 1, alignment: 1) { buffer in
      buffer.copyMemory(from: UnsafeRawBufferPointer(start: info.utf8Start, count: infoCount))
      buffer[infoCount...].copyBytes(from: context)
      // The first and only block of the expansion.
      buffer[infoCount + context.count] = 1
      return key.authenticate(UnsafeRawBufferPointer(buffer))
    }
  }

  // MARK: Epochs

  /// The keyring for other epochs: those whose credentials are honoured, and the one to mint in.
  ///
  /// A key that was given serves its own epoch. An epoch without one has the key that HKDF derives from the nearest
  /// given one before it (info: `leasehold-epoch-v1` ‖ epoch, big-endian), so that daemons which were given the same
  /// keys agree on every later epoch by its number alone.
  ///
  /// - Returns: nil when `current` is not among `epochs`, or an epoch comes before every key that was given.
  public func serving(_ epochs: Set<UInt16>, current: UInt16) -> MasterKeyring? {
    guard epochs.contains(current) else { return nil }
    var extracted: [UInt16: HMACKey] = [:]
    for epoch in epochs {
      guard let key = extractedKey(of: epoch) else { return nil }
      extracted[epoch] = key
    }
    return MasterKeyring(given: given, extracted: extracted, current: current)
  }

  /// The epochs whose keys were given, served or not.
  public var givenEpochs: Set<UInt16> { Set(given.keys) }

  /// By what two daemons see that they have the same key for an epoch: derived from it and saying nothing about it,
  /// so it may be stored beside credentials. Nil for an epoch before every key that was given.
  public func fingerprint(of epoch: UInt16) -> Bytes32? {
    extractedKey(of: epoch).map { key in
      withUnsafeBytes(of: epoch.bigEndian) { MasterKeyring.expand(key, "leasehold-fingerprint-v1", $0) }
    }
  }

  /// The key of an epoch, served or not; nil before every key that was given.
  func extractedKey(of epoch: UInt16) -> HMACKey? {
    if let key = served(epoch) ?? given[epoch] { return key }
    guard let root = given.keys.filter({ $0 < epoch }).max(), let key = given[root] else { return nil }
    let master = withUnsafeBytes(of: epoch.bigEndian) { MasterKeyring.expand(key, "leasehold-epoch-v1", $0) }
    return HMACKey(HMACKey(Bytes32.zero).authenticate(master))
  }

  /// Epochs only, never a key.
  public var description: String {
    "MasterKeyring(epochs: \(extracted.map(\.epoch).sorted()), current: \(currentEpoch))"
  }

  /// Empty: reflection does not show the keys.
  public var customMirror: Mirror { Mirror(self, children: []) }
}
