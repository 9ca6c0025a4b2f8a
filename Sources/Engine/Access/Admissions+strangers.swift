import Leasing
import Ledger
import Units

/// Whoever comes without a credential that opens: only the ports that the renter has made public are there for him.
extension Admissions {
  /// Lets him through to such a port, or says that the lease does not serve just now; what would change that is for its renter
  /// alone, and not told or sold to anybody else. `nil`: the port is not public, or there is no such lease, and nobody learns
  /// which.
  func admitStranger(to id: LeaseID, port: UInt16, _ caller: Caller) async throws -> (any Admission)? {
    let deadline = ContinuousClock.now + .seconds(patience.count)
    var held: Strangers.Place?
    for _ in 0..<5 {
      guard let view = try await publicView(of: id, for: caller), view.isPublic(port) else { return nil }
      guard let place = held ?? strangers.place(at: id, caller.party) else {
        throw Refusal.tooManyAtOnce("\(Strangers.requests) requests of one client at public ports of one lease")
      }
      held = place
      switch view.answer {
      case .serving:
        guard clock.now() < view.servesUntil else { throw Self.suspended }
        return LeaseAdmission(id, .port(port, place), by: self)
      case .soon, .idle:
        if view.answer == .idle { try await wakeIdle(id, caller) }
        guard let record = try await store.transaction({ tx in try tx.lease(id) }) else { return nil }
        let left = ContinuousClock.now.duration(to: deadline).components.seconds
        let after = try await waiting.whenReady(record, within: Seconds(max(0, left)))
        if after.lease.isOnItsWay { throw Refusal.unavailable(retryAfter: 1, "it is being made ready") }
      case .unpaid, .limited, .sealed, .impaired: throw Self.suspended
      case .gone, .unpaidQuote: return nil
      }
    }
    throw Refusal.unavailable(retryAfter: 1, "it is changing")
  }

  private static let suspended = Refusal.unavailable(
    retryAfter: 60, "what is here does not run just now; who rents it can bring it back")

  /// From memory, at once; `nil` where that does not say that he may come.
  func strangerAsRemembered(to id: LeaseID, port: UInt16, _ caller: Caller) -> (any Admission)? {
    guard remembersPublic(port, of: id) == true, let place = strangers.place(at: id, caller.party) else { return nil }
    return LeaseAdmission(id, .port(port, place), by: self)
  }

  /// `nil`: memory does not say.
  func remembersPublic(_ port: UInt16, of id: LeaseID) -> Bool? {
    let now = clock.now()
    return doors.view(of: id).map { $0.answer == .serving && now < $0.servesUntil && $0.isPublic(port) }
  }

  /// For who was admitted before: whoever guesses at ids keeps him from nothing.
  func servesAnybody(_ port: UInt16, of id: LeaseID) async -> Bool {
    if let remembered = remembersPublic(port, of: id) { return remembered }
    do {
      guard let view = try await readPublic(id) else { return false }
      return view.answer == .serving && clock.now() < view.servesUntil && view.isPublic(port)
    } catch {
      return false
    }
  }

  /// - Throws: when as many look for leases as may, whether there is this one or not.
  private func publicView(of id: LeaseID, for caller: Caller) async throws -> DoorView? {
    if let view = doors.view(of: id) { return view }
    guard strangers.mayRead(caller.party) else {
      throw Refusal.unavailable(retryAfter: 1, "too many come without a credential just now")
    }
    defer { strangers.hasRead(caller.party) }
    return try await readPublic(id)
  }

  private func readPublic(_ id: LeaseID) async throws -> DoorView? {
    if let view = doors.view(of: id) { return view }
    doors.beginReading(id)
    var view: DoorView?
    defer { doors.finishReading(id, view) }
    view = try await store.transaction { tx in try tx.lease(id) }.map { DoorView($0) }
    return view
  }
}
