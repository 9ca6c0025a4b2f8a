import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// The queue for places of full offers (a waitlist): whoever joined first is offered the next place.
public struct Waitlist: Sendable {
  let store: any Store
  let clock: any WallClock
  let loop: LeaseLoop
  let wishes: Wishes
  let limits: MintLimits
  let places: Places
  let invoicing: Invoicing
  /// Of one offer, and of one client in all.
  let most: (ofOffer: Int, ofClient: Int)
  /// How long an entry waits.
  let patience: Seconds

  /// How an entry stands, or what its place costs.
  public enum Looked: Sendable {
    case stands(WaitlistView)
    /// A place is held: it is the holder's who pays this, and asks for the lease as he did when he joined.
    case pay(PaymentDemand)
  }

  /// Joins the queue of a full offer.
  ///
  /// - Parameters:
  ///   - contacts: who is told when a place is held; see ``Contacts/waiting(_:base:)``.
  ///   - body: the request as `POST /v1/leases` would have it, for comparing with that later.
  /// - Returns: with the secret that its holder shows.
  /// - Throws: ``Refusal/conflict(code:_:)`` where a place is free, or where too many wait already.
  public func join(
    _ request: LeaseRequest, contacts: [ContactView] = [], body: [UInt8], _ caller: Caller
  ) async throws -> (view: WaitlistView, secret: String) {
    let offer = try wishes.offer(of: request)
    guard request.disk == nil else {
      throw Refusal.invalidField("disk", "who waits for a container attaches no disk to it")
    }
    try checkThatItCanBeBought(request, of: offer, at: clock.now())
    try limits.spend(for: caller)
    let secret = Self.freshSecret()
    let now = clock.now()
    let entry = WaitlistEntry(
      secret: Self.hash(secret), offer: offer.id, client: caller.party, request: request,
      bodyHash: body.withUnsafeBytes { Bytes32.sha256($0) }.hex, joinedAt: now, expiresAt: now + patience,
      contacts: contacts.map { WaitingContact($0.contact) })
    let most = most
    let view = try await store.transaction { tx -> WaitlistView in
      try tx.lockWaitlist()
      let counts = try tx.waitlistCounts(offer: offer.id, client: entry.client, at: now)
      guard try tx.available(offer.terms.resources, kind: offer.terms.kind) <= counts.waiting else {
        throw Refusal.conflict(code: .placeFree, "a place is free: rent it")
      }
      guard counts.waiting < most.ofOffer else {
        throw Refusal.conflict(code: .waitlistFull, "\(counts.waiting) wait for this offer, and no more may")
      }
      guard counts.ofClient < most.ofClient else {
        throw Refusal.conflict(code: .waitlistFull, "\(counts.ofClient) wait from this address, and no more may")
      }
      try tx.joinWaitlist(entry)
      guard let joined = try tx.waitlistEntry(entry.secret) else {
        throw StoreError(.invariant, "who has joined is in the queue")
      }
      return WaitlistView(entry: joined, state: .waiting, position: try tx.waitlistPosition(of: joined, at: now))
    }
    return (view, secret)
  }

  /// A place is not held for what could not be bought then.
  private func checkThatItCanBeBought(_ request: LeaseRequest, of offer: Offer, at now: Instant) throws {
    let bought = offer.terms.period.microseconds.multipliedReportingOverflow(by: request.periods)
    guard !bought.overflow, bought.partialValue <= Lease.horizon.microseconds else {
      throw Refusal.invalidField("periods", "a lease is sold at most 366 days ahead")
    }
    guard let perDay = request.spendPerDay else { return }
    let quoted = Lease.quote(LeaseID.fresh(at: now), offer.terms, hasCapacity: false, at: now)
    if perDay < quoted.leastLimit { throw Refusal.rejection(.limitTooLow, of: quoted) }
  }

  /// How an entry stands; where a place is held for it, what that costs.
  ///
  /// - Throws: ``Refusal/unknownWaitlistEntry`` for a secret that is none.
  public func look(_ secret: String, _ caller: Caller) async throws -> Looked {
    let (view, record) = try await view(of: secret)
    guard view.state == .offered, let lease = record?.lease else { return .stands(view) }
    let periods = view.entry.request.periods
    guard let amount = lease.terms.invoiceAmount(periods: periods) else { return .stands(view) }
    return .pay(
      try await invoicing.demand(
        for: .purchase(of: lease, amount: amount, at: clock.now()), of: lease, periods: periods, shown: nil, caller))
  }

  /// The demand for the place that is held, for who asks for the lease as he did when he joined; `nil`: none is, nor was
  /// one taken.
  ///
  /// - Throws: ``Refusal/unauthorized(reason:detail:)`` where it is paid: only the credential opens it, and a ticket sells
  ///   one lease.
  func demand(of secret: String, body hash: String, _ caller: Caller) async throws -> PaymentDemand? {
    let (view, _) = try await view(of: secret)
    guard view.entry.bodyHash == hash else {
      throw Refusal.invalidField("waitlist", "waits for another request than this one")
    }
    switch try await look(secret, caller) {
    case .pay(let demand): return demand
    case .stands(let view) where view.state == .taken:
      throw Refusal.unauthorized(reason: .credentialRequired, detail: "this place is paid; show its credential")
    case .stands: return nil
    }
  }

  /// Whether this lease is the place that the ticket was given.
  func gave(_ lease: LeaseID, to secret: String) async throws -> Bool {
    let hash = Self.hash(secret)
    return try await store.transaction { tx in try tx.waitlistEntry(hash)?.lease == lease }
  }

  /// Leaves the queue. A place that was offered lapses by itself.
  public func leave(_ secret: String) async throws {
    let hash = Self.hash(secret)
    try await store.transaction { tx in
      guard try tx.waitlistEntry(hash) != nil else { throw Refusal.unknownWaitlistEntry }
      // Who is giving places has seen this entry. A ticket that is none holds up nobody.
      try tx.lockWaitlist()
      _ = try tx.leaveWaitlist(hash)
    }
  }

  /// All that are kept, oldest first.
  public func list(limit: Int) async throws -> [WaitlistView] {
    let now = clock.now()
    return try await store.transaction { tx in
      try tx.waitlist(limit: limit).map { entry in
        try Self.view(of: entry, entry.lease.flatMap { try tx.lease($0) }?.lease, tx, at: now)
      }
    }
  }

  /// Gives what is free: what nobody's leaving gave away, as where a host has grown.
  public func giveFreePlaces() async throws {
    let given = try await store.transaction { [places, clock] tx in try places.give(tx, at: clock.now()) }
    loop.announce(given)
  }

  private func view(of secret: String) async throws -> (WaitlistView, LeaseRecord?) {
    let hash = Self.hash(secret)
    let now = clock.now()
    return try await store.transaction { tx in
      guard let entry = try tx.waitlistEntry(hash) else { throw Refusal.unknownWaitlistEntry }
      let record = try entry.lease.flatMap { try tx.lease($0) }
      return (try Self.view(of: entry, record?.lease, tx, at: now), record)
    }
  }

  /// - Parameter lease: the quote that it was offered as, or what became of that; swept when nobody paid.
  private static func view(
    of entry: WaitlistEntry, _ lease: Lease?, _ tx: any WaitlistRows, at now: Instant
  ) throws -> WaitlistView {
    guard entry.lease != nil else {
      guard entry.expiresAt > now else { return WaitlistView(entry: entry, state: .expired) }
      return WaitlistView(entry: entry, state: .waiting, position: try tx.waitlistPosition(of: entry, at: now))
    }
    guard let lease else { return WaitlistView(entry: entry, state: .lapsed) }
    if lease.activatedAt != nil { return WaitlistView(entry: entry, state: .taken) }
    switch lease.state {
    case .quoted:
      guard lease.mayStillBeBought(at: now) else { return WaitlistView(entry: entry, state: .lapsed) }
      return WaitlistView(entry: entry, state: .offered, offeredUntil: lease.quoteEnds)
    case .closed: return WaitlistView(entry: entry, state: .lapsed)
    case .provisioning, .active, .grace, .suspended, .reclaiming: return WaitlistView(entry: entry, state: .taken)
    }
  }

  /// 130 random bits, in 26 letters and digits.
  private static func freshSecret() -> String {
    let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    var generator = SystemRandomNumberGenerator()
    return String(decoding: (0..<26).map { _ in alphabet[Int(generator.next() & 31)] }, as: UTF8.self)
  }

  static func hash(_ secret: String) -> Bytes32 {
    Array("leasehold waitlist \(secret)".utf8).withUnsafeBytes { Bytes32.sha256($0) }
  }
}
