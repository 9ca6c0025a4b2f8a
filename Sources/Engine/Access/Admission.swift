import L402
import Ledger
import Synchronization

/// The permission to serve one request at a data door.
public protocol Admission: Sendable {
  /// Whether something that opens was shown.
  var visitor: PortVisitor { get }
  /// Whether the credential reaches a path inside the volume. A lock may begin above what it reaches: such a lock is not
  /// told of, and not taken off.
  func reaches(_ path: ResourcePath) -> Bool
  /// Whether an open stream may go on: asked each second or 4 MiB. Costs no database access while the cache is
  /// trusted.
  func isStillServing() async -> Bool
  /// The same for who cannot wait, as on an event loop: answers at once. When the lease was written meanwhile it is read
  /// again beside the stream, which goes on for two seconds at the most without an answer.
  func mayGoOn() -> Bool
  /// Metering: what has passed since it was last told, every 4 MiB and at the end. Returns at once.
  func count(_ traffic: Traffic)
}

/// An admission to a lease, which holds as long as the lease serves and what opened it does.
final class LeaseAdmission: Admission {
  enum Right: Sendable {
    case credential(VerifiedCredential)
    /// A public one: nothing was shown. The place is given back with the admission.
    case port(UInt16, Strangers.Place)
  }
  private struct State {
    var lastYes = ContinuousClock.now
    var asking = false
    var ended = false
  }
  private let lease: LeaseID
  private let right: Right
  private let admissions: Admissions
  private let state = Mutex(State())

  init(_ lease: LeaseID, _ right: Right, by admissions: Admissions) {
    self.lease = lease
    self.right = right
    self.admissions = admissions
  }

  var visitor: PortVisitor {
    switch right {
    case .credential: .holder
    case .port: .stranger
    }
  }

  func reaches(_ path: ResourcePath) -> Bool {
    switch right {
    case .credential(let credential): credential.covers(path)
    case .port: false
    }
  }

  func isStillServing() async -> Bool {
    switch right {
    case .credential(let credential): await admissions.isServing(lease, credential)
    case .port(let port, _): await admissions.servesAnybody(port, of: lease)
    }
  }

  private var remembered: Bool? {
    switch right {
    case .credential(let credential): admissions.remembersServing(lease, credential)
    case .port(let port, _): admissions.remembersPublic(port, of: lease)
    }
  }

  func mayGoOn() -> Bool {
    let remembered = remembered
    let (answer, ask) = state.withLock { state -> (Bool, Bool) in
      if state.ended { return (false, false) }
      switch remembered {
      case true?:
        state.lastYes = .now
        return (true, false)
      case false?:
        state.ended = true
        return (false, false)
      case nil:
        let ask = !state.asking
        state.asking = true
        return (ContinuousClock.now - state.lastYes < .seconds(2), ask)
      }
    }
    if ask {
      Task { [self] in
        let serves = await isStillServing()
        state.withLock { state in
          state.asking = false
          if serves { state.lastYes = .now } else { state.ended = true }
        }
      }
    }
    return answer
  }

  func count(_ traffic: Traffic) { admissions.meters.count(lease, traffic) }
}
