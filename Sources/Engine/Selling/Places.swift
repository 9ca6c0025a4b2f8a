import L402
import Leasing
import Ledger
import Logging
import Units

/// Gives places that have become free to those who wait for them, in order.
struct Places: Sendable {
  let catalog: Catalog
  let rates: Rates
  let keys: KeyEpochs
  /// How long an offered place is held.
  let held: Seconds
  let log: Logger
  /// In one transaction, at the most.
  private static let atOnce = 32

  /// Offers what is free to whoever is first in line for it: a quote that holds its capacity, in this very transaction.
  /// Nothing is minted yet: the invoice is made when its holder looks.
  ///
  /// - Returns: the quotes.
  func give(_ tx: any StoreTransaction, at now: Instant) throws -> [Lease] {
    guard try lockIfAwaited(tx, at: now) else { return [] }
    var given: [Lease] = []
    var full: Set<String> = []
    while given.count < Self.atOnce {
      let next = try tx.firstWaiting(at: now).first { !full.contains($0.offer) }
      guard let entry = next else { break }
      if let lease = try give(entry, tx, at: now) {
        given.append(lease)
      } else {
        full.insert(entry.offer)
      }
    }
    return given
  }

  /// Locks the queue, unless nobody waits.
  func lockIfAwaited(_ tx: any StoreTransaction, at now: Instant) throws -> Bool {
    guard try !tx.firstWaiting(at: now).isEmpty else { return false }
    try tx.lockWaitlist()
    return true
  }

  private func give(_ entry: WaitlistEntry, _ tx: any StoreTransaction, at now: Instant) throws -> Lease? {
    let id = LeaseID.fresh(at: now)
    guard let offer = catalog.offer(entry.offer) else { return nil }
    let terms: Terms
    do {
      terms = try rates.priced(offer.terms(for: id), at: now)
    } catch {
      // It waits for a rate as well.
      return nil
    }
    var offered = terms
    offered.policy.quote = held
    guard try tx.available(terms.resources, kind: terms.kind) > 0 else { return nil }
    var lease = Lease.quote(id, offered, hasCapacity: true, at: now)
    lease.limit = entry.request.spendPerDay.map { SpendLimit(perDay: $0) }
    var evidence = ["offer": entry.offer, "held": "true", "waited": "true", "client": entry.client]
    evidence["variant"] = terms.variant
    if let locked = terms.lockedPrice { evidence.merge(locked.evidence) { given, _ in given } }
    try tx.insert(
      LeaseRecord(lease: lease, request: entry.request, placement: nil),
      event: EventRecord(
        id: EventID(.quoted, id).description, lease: id, version: 0, at: now, name: .quoted, feedName: .quoted,
        from: nil, to: .quoted, cause: .init(type: .offer, id: entry.offer), evidence: evidence))
    // It has a row to hang on first. Who was overtaken since is offered the next place.
    guard try tx.allocate(terms.resources, for: id, kind: terms.kind, asUnpaid: 1, pinned: nil) != nil else {
      try tx.forgetQuote(id)
      return nil
    }
    try tx.offerPlace(entry, as: id, at: now)
    try tell(entry.contacts, of: lease, tx, at: now)
    log.info("a place was offered to who waited", metadata: ["lease": "\(id)", "offer": "\(entry.offer)"])
    return lease
  }

  /// What was named while he waited are the contacts of the quote, and of the lease that it becomes. They are told of the
  /// place in words: what takes it is the ticket, which is in no message.
  private func tell(_ waiting: [WaitingContact], of lease: Lease, _ tx: any StoreTransaction, at now: Instant) throws {
    let notice = Notice(kind: .place, deadline: lease.quoteEnds, amount: nil)
    for waiting in waiting {
      guard let contact = waiting.contact(of: lease.id, at: now), let address = address(of: contact.token) else {
        continue
      }
      try tx.insertToken(
        TokenRecord(
          id: contact.token, lease: lease.id, parent: nil, paymentHash: Preimage.random().paymentHash,
          capabilities: Capabilities.pay.list, createdAt: now, mintedFor: .contact))
      try tx.insertAddress(contact.token, hash: MasterKeyring.hash(ofAddress: address), path: nil, of: lease.id)
      try tx.insertContact(contact)
      try tx.insertNotice(notice, to: contact, key: "place", at: now)
    }
  }

  /// `nil` where its epoch is retired: it would lead nowhere.
  private func address(of token: TokenID) -> String? {
    do {
      return try keys.keyring.address(of: token)
    } catch {
      return nil
    }
  }
}
