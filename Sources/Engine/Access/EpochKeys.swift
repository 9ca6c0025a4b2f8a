import L402
import Macaroons
import Synchronization
import Units

/// The keys in use (an in-memory key set), by what is known of the epochs. Checking a credential asks nobody.
final class EpochKeys: Sendable {
  private struct State {
    var keyring: MasterKeyring
    /// Those served, as the store knows them; empty until it was asked.
    var live: [KeyEpoch] = []
    var epochs: Set<UInt16>
    /// When a later epoch begins to mint, and which.
    var next: (epoch: UInt16, from: Instant)?
  }
  private let state: Mutex<State>

  /// Until the store has been asked, the epochs whose keys were given are served.
  init(_ given: MasterKeyring) {
    state = Mutex(State(keyring: given, epochs: given.epochs))
  }

  func keyring(at now: Instant) -> MasterKeyring {
    state.withLock { state in
      if let next = state.next, next.from <= now { Self.settle(&state, at: now) }
      return state.keyring
    }
  }

  /// Whether credentials of this epoch serve.
  func serves(_ epoch: UInt16) -> Bool {
    state.withLock { $0.epochs.contains(epoch) }
  }

  /// Takes over what the store says. An epoch whose key is another one here is not served here.
  ///
  /// - Returns: what is wrong with our own keys: nothing, unless somebody gave this daemon others than the rest.
  func learn(_ epochs: [KeyEpoch], at now: Instant) -> [KeyFault] {
    state.withLock { state in
      var faults: [KeyFault] = []
      state.live = epochs.filter { known in
        guard known.retiredAt == nil else { return false }
        guard let mine = state.keyring.fingerprint(of: known.epoch) else {
          faults.append(.missing(known.epoch))
          return false
        }
        if mine != known.fingerprint { faults.append(.differs(known.epoch)) }
        return mine == known.fingerprint
      }
      Self.settle(&state, at: now)
      return faults
    }
  }

  private static func settle(_ state: inout State, at now: Instant) {
    let live = state.live
    state.next = live.filter { $0.mintsFrom > now }.min { $0.mintsFrom < $1.mintsFrom }.map { ($0.epoch, $0.mintsFrom) }
    state.epochs = Set(live.map(\.epoch))
    // With nothing left to serve the keyring stays; no epoch of it is asked for any more.
    guard let current = KeyEpoch.minting(among: live, at: now),
      let keyring = state.keyring.serving(state.epochs, current: current)
    else { return }
    state.keyring = keyring
  }
}

extension KeyEpoch {
  /// The latest that mints already; where all others are retired, one that does not yet.
  static func minting(among live: [KeyEpoch], at now: Instant) -> UInt16? {
    (live.filter { $0.mintsFrom <= now }.map(\.epoch).max()) ?? live.map(\.epoch).min()
  }
}

/// This daemon's master keys are not those of the others on its database.
enum KeyFault: Error, Hashable, Sendable, CustomStringConvertible {
  case missing(UInt16)
  case differs(UInt16)

  var description: String {
    switch self {
    case .missing(let epoch): "there is no master key for epoch \(epoch), which other daemons serve"
    case .differs(let epoch): "the master key of epoch \(epoch) is not the one that other daemons have"
    }
  }
}
