import Engine
import L402
import Leasing
import Ledger
import Macaroons
import Store
import TestKit
import Units

/// Rows to try the tables with.
enum Sample {
  static let now = Instant(unixSeconds: 1_800_000_000)

  static let terms = Terms(
    offer: "disk", kind: .disk, resources: Resources(disk: 100), period: 3_600, price: 3_600_000,
    meters: [MeterPrice(meter: .egress, unit: 1_000, included: 0, price: 10)],
    policy: Policy(quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 3_600), maxPeriods: 24)

  static func id(_ number: UInt64) -> LeaseID {
    LeaseID(high: 0x01a3_185c_5000_7000, low: 0x8000_0000_0000_0000 | number)
  }

  static func hash(_ number: UInt8) -> PaymentHash { preimage(number).paymentHash }

  static func preimage(_ number: UInt8) -> Preimage {
    Preimage(Bytes32 { $0.copyBytes(from: [UInt8](repeating: number, count: 32)) })
  }

  static func token(_ number: UInt8) -> TokenID {
    TokenID(Bytes32 { $0.copyBytes(from: [0, 1] + [UInt8](repeating: number, count: 30)) })
  }

  static func quoted(_ lease: LeaseID) -> EventRecord {
    EventRecord(
      id: EventID(.quoted, lease).description, lease: lease, version: 0, at: now, name: .quoted, feedName: .quoted,
      from: nil, to: .quoted, cause: .init(type: .request, id: "1"), evidence: ["client": "203.0.113.7"])
  }

  @discardableResult
  static func quote(_ number: UInt64, _ tx: any StoreTransaction, hasCapacity: Bool = true) throws -> Lease {
    let lease = Lease.quote(id(number), terms, hasCapacity: hasCapacity, at: now)
    try tx.insert(
      LeaseRecord(lease: lease, request: LeaseRequest(offer: "disk"), placement: nil),
      event: quoted(lease.id))
    return lease
  }

  /// Steps a lease and writes it.
  @discardableResult
  static func step(_ event: Event, _ lease: Lease, _ tx: any StoreTransaction, at moment: Instant = now) throws -> Lease
  {
    let decision = try lease.step(event, at: moment)
    try tx.write([recorded(event, lease, decision, at: moment)])
    return decision.lease
  }

  static func recorded(_ event: Event, _ lease: Lease, _ decision: Decision, at moment: Instant) -> RecordedStep {
    RecordedStep(
      before: lease, decision: decision,
      events: [
        EventRecord(
          id: EventID(.settled, "\(lease.id):\(decision.lease.version)").description, lease: lease.id,
          version: decision.lease.version,
          at: moment, name: .event(event.name), feedName: nil, from: lease.state.name, to: decision.lease.state.name,
          cause: .init(type: .effect, id: "1"))
      ], at: moment)
  }

  static func paid(_ amount: Millisatoshi = 3_600_000, _ number: UInt8 = 1) -> Event {
    .settled(Settlement(paymentHash: hash(number).hex, amount: amount, purpose: .purchase))
  }

  /// In service since `now`; the effects that made it so are gone.
  @discardableResult
  static func active(_ number: UInt64, _ tx: any StoreTransaction) throws -> Lease {
    var lease = try quote(number, tx)
    lease = try step(paid(), lease, tx)
    for claim in try tx.claimEffects(of: Effect.Lane.allCases, owner: "made", at: now, until: now + 1, limit: 100) {
      _ = try tx.finishEffect(claim.id, owner: "made")
    }
    return try step(.provisioned(generation: lease.generation), lease, tx)
  }

  static func order(
    _ lease: LeaseID, slot: InvoiceSlot = .purchase, label: String = "l", amount: Millisatoshi = 1_000,
    purpose: Settlement.Purpose = .purchase, ends: Instant = now + 600, at moment: Instant = now
  ) -> InvoiceOrder {
    InvoiceOrder(
      lease: lease, purpose: purpose, slot: slot, label: label, amount: amount, expiresAt: ends, at: moment)
  }

  static func settlement(_ number: UInt8, _ amount: Millisatoshi = 1_000) -> NodeSettlement {
    NodeSettlement(
      paymentHash: hash(number), preimage: preimage(number), received: amount, settledAt: now, label: "l",
      cursor: "\(number)")
  }
}

extension PostgresStore {
  @discardableResult
  func run<T: Sendable>(_ body: @escaping @Sendable (any StoreTransaction) throws -> T) async throws -> T {
    try await transaction(body)
  }

  func script(_ sql: String) async throws {
    try await pool.withConnection { try $0.script(sql) }
  }

  /// What a transaction is refused for.
  func refusal<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async -> StoreError.Kind? {
    do {
      _ = try await transaction(body)
      return nil
    } catch {
      return (error as? StoreError)?.kind
    }
  }
}
