import Leasing
import Ledger
import Logging
import Synchronization
import Units

/// New terms, told to the leases that were sold at others.
public final class Announcements: Sendable {
  private let store: any Store
  private let clock: any WallClock
  private let loop: LeaseLoop
  private let offers: [Offer]
  private let configurationWrittenAt: Instant?
  private let log: Logger
  /// Whether every lease was told what has changed in its offer since the last start.
  private let isDone = Mutex(false)

  init(
    of offers: [Offer], writtenAt: Instant?, store: any Store, clock: any WallClock, loop: LeaseLoop, log: Logger
  ) {
    self.offers = offers
    configurationWrittenAt = writtenAt
    self.store = store
    self.clock = clock
    self.loop = loop
    self.log = log
  }

  /// Tells leases of an offer whose terms were changed in the configuration: their renewals are quoted at them one
  /// lead from now, and what was bought before keeps its price. One that is quoted or being made is told as its service
  /// begins.
  ///
  /// What was told last is kept in the database, so that a start with nothing changed looks at no lease. A daemon that
  /// dies on the way is followed by one that begins again, which tells nobody twice. Where daemons sell at different terms,
  /// those of the configuration that was written last are announced, whichever starts last.
  public func announce() async throws {
    guard !isDone.withLock(\.self) else { return }
    var isWhole = true
    for offer in offers {
      let sold = offer.sold
      let told = try await store.transaction { tx in try tx.announcedTerms(of: offer.id) }
      if told?.terms == sold { continue }
      // A file may be dated into the future; nothing that is announced later is older than that.
      let written = configurationWrittenAt.map { min($0, clock.now()) }
      if let told, let written, written <= told.at {
        log.warning(
          "an offer's terms are not announced: its leases were told of others, from a configuration no older than this",
          metadata: ["offer": "\(offer.id)", "written_at": "\(written.rfc3339)", "told_of": "\(told.at.rfc3339)"])
        continue
      }
      guard try await announce(offer) else {
        isWhole = false
        continue
      }
      let since = written ?? clock.now()
      try await store.transaction { tx in try tx.setAnnouncedTerms(sold, of: offer.id, at: since) }
    }
    let all = isWhole
    isDone.withLock { $0 = all }
  }

  /// - Returns: whether every lease was told. One that cannot be is gone past, and tried again with the next round.
  private func announce(_ offer: Offer) async throws -> Bool {
    var isWhole = true
    var query = LeaseQuery(
      states: [.quoted, .provisioning, .active, .grace, .suspended], offer: offer.id, limit: 500)
    while true {
      let asked = query
      let page = try await store.transaction { tx in try tx.leases(asked) }
      for record in page {
        let lease = record.lease
        var terms = offer.terms(for: lease.id, soldAs: lease.terms.soldAs)
        terms.tier = lease.terms.tier
        guard terms.mayFollow(lease.terms) else {
          log.notice(
            "a lease keeps its terms: its offer rents out something else now", metadata: ["lease": "\(lease.id)"])
          continue
        }
        if lease.announced == nil, terms.asksTheSame(as: lease.terms) { continue }
        let lead = max(lease.terms.policy.lead, terms.policy.lead)
        do {
          try await loop.handle(
            .announced(Announcement(terms: terms, from: clock.now() + lead)), for: lease.id,
            eventID: EventID(.announced, "\(uniqueLabel(at: clock.now()))"), cause: .init(type: .offer, id: offer.id))
        } catch {
          try Task.checkCancellation()
          // A database that is away would be away for each of them.
          if let error = error as? StoreError, error.kind == .unavailable { throw error }
          isWhole = false
          log.error(
            "a lease could not be told of its offer's new terms",
            metadata: ["lease": "\(lease.id)", "error": "\(error)"])
        }
      }
      guard page.count == query.limit, let last = page.last else { return isWhole }
      query.after = last.lease.id
    }
  }
}
