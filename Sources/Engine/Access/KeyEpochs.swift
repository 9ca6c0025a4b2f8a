import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// Epochs of the master key (key rotation): begun and retired while serving, by any daemon, for all of them.
///
/// Daemons on one database were given the same secret, and derive an epoch's key from it and the epoch's number. So
/// numbers are all that is shared, and a table with a notification carries those.
public struct KeyEpochs: Sendable {
  /// A new epoch mints from so much later on: by then every daemon has heard of it, or knows that it hears nothing and
  /// asks the store for each credential.
  static let notice: Seconds = 3

  let served: EpochKeys
  let store: any Store
  let clock: any WallClock
  /// Whoever waits for a lease asks again what its credential opens.
  let watch: LeaseWatch
  let log: Logger

  /// The keys as they are at this moment.
  public var keyring: MasterKeyring { served.keyring(at: clock.now()) }

  /// Whether credentials of this epoch serve.
  func serves(_ epoch: UInt16) -> Bool { served.serves(epoch) }

  /// Begins an epoch. Credentials of the earlier ones go on serving until those are retired.
  public func begin(requestID: String) async throws -> KeyEpochView {
    let keyring = keyring
    let now = clock.now()
    let (begun, epochs) = try await store.transaction { tx -> (KeyEpoch, [KeyEpoch]) in
      let known = try tx.lockKeyEpochs()
      let number = (known.map(\.epoch).max() ?? 0).addingReportingOverflow(1)
      guard !number.overflow, let fingerprint = keyring.fingerprint(of: number.partialValue) else {
        throw Refusal.conflict(code: .noEpochLeft, "there is no number, or no key, for another epoch")
      }
      let key = KeyEpoch(
        epoch: number.partialValue, fingerprint: fingerprint, createdAt: now, mintsFrom: now + KeyEpochs.notice)
      try tx.insertKeyEpoch(key)
      return (key, try tx.keyEpochs())
    }
    learn(epochs, at: now)
    log.notice(
      "an epoch of the master key was begun", metadata: ["epoch": "\(begun.epoch)", "request": "\(requestID)"])
    return KeyEpochView(key: begun, state: .coming, credentials: 0)
  }

  /// Retires an epoch: its credentials open nothing any more, at any daemon, and cannot be swapped or paid for.
  ///
  /// - Throws: ``Refusal/conflict(code:_:)`` for the last one in service: begin another first.
  public func retire(_ epoch: UInt16, requestID: String) async throws {
    let now = clock.now()
    let epochs = try await store.transaction { tx -> [KeyEpoch] in
      let known = try tx.lockKeyEpochs()
      guard let key = known.first(where: { $0.epoch == epoch }) else {
        throw Refusal.invalidField("epoch", "there is no such epoch")
      }
      guard key.retiredAt == nil else { return known }
      guard known.contains(where: { $0.retiredAt == nil && $0.epoch != epoch }) else {
        throw Refusal.conflict(code: .lastEpoch, "nothing would serve: begin another epoch first")
      }
      try tx.retireKeyEpoch(epoch, at: now)
      return try tx.keyEpochs()
    }
    learn(epochs, at: now)
    watch.announceAll()
    log.notice("an epoch of the master key was retired", metadata: ["epoch": "\(epoch)", "request": "\(requestID)"])
  }

  /// All epochs there were, oldest first, with what depends on each.
  public func views() async throws -> [KeyEpochView] {
    let (epochs, counts) = try await store.transaction { tx in (try tx.keyEpochs(), try tx.credentialsByEpoch()) }
    let now = clock.now()
    let minting = KeyEpoch.minting(among: epochs.filter { $0.retiredAt == nil }, at: now)
    return epochs.map { key in
      let state: KeyEpochView.State =
        if key.retiredAt != nil { .retired } else if key.epoch == minting { .minting } else if key.mintsFrom > now {
          .coming
        } else { .serving }
      return KeyEpochView(key: key, state: state, credentials: counts[key.epoch] ?? 0)
    }
  }

  /// What a daemon does before it serves: the epochs whose keys it was given are put among those that are known, and
  /// all that are known must have the same keys here.
  func prepare() async throws {
    let keyring = keyring
    let now = clock.now()
    let epochs = try await store.transaction { tx -> [KeyEpoch] in
      let known = try tx.lockKeyEpochs()
      for epoch in keyring.givenEpochs.sorted() where !known.contains(where: { $0.epoch == epoch }) {
        guard let fingerprint = keyring.fingerprint(of: epoch) else { continue }
        // The first daemon of all waits for nobody.
        let mintsFrom = known.isEmpty ? now : now + KeyEpochs.notice
        try tx.insertKeyEpoch(
          KeyEpoch(epoch: epoch, fingerprint: fingerprint, createdAt: now, mintsFrom: mintsFrom))
      }
      return try tx.keyEpochs()
    }
    if let fault = served.learn(epochs, at: now).first { throw fault }
  }

  /// Reads the epochs again.
  func learn() async throws {
    let epochs = try await store.transaction { tx in try tx.keyEpochs() }
    learn(epochs, at: clock.now())
  }

  /// A daemon that was started with other keys cannot make ours worse: we go on with those we have, and say so.
  func learn(_ epochs: [KeyEpoch], at now: Instant) {
    for fault in served.learn(epochs, at: now) {
      log.error("a master key is not what other daemons have", metadata: ["fault": "\(fault)"])
    }
  }
}
