import Units

/// Epochs of the master key.
public protocol KeyRows: AnyObject {
  /// All epochs there were, oldest first.
  func keyEpochs() throws -> [KeyEpoch]
  /// The same, and nobody else begins or retires one before the end of the transaction.
  func lockKeyEpochs() throws -> [KeyEpoch]
  /// Begins an epoch and notifies ``StoreChange/keys``.
  func insertKeyEpoch(_ key: KeyEpoch) throws
  /// Retires an epoch and notifies ``StoreChange/keys``; nothing for one that is retired.
  func retireKeyEpoch(_ epoch: UInt16, at now: Instant) throws
  /// Unrevoked tokens of leases that have not closed.
  func credentialsByEpoch() throws -> [UInt16: Int64]
}
