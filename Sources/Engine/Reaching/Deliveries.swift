import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// Sends what is on its way to contacts (the worker of a queue of its own). No effect waits for it: what is slow or dead
/// at a contact delays neither a resume nor an invoice, and what has failed waits apart from what has not.
///
/// A message is sent at least once: who dies between sending and recording sends it again under the same id.
public struct Deliveries: Sendable {
  /// At once, of those that have not failed, and as many of those that have.
  static let atOnce = 16
  /// At once, to one site.
  static let atOncePerSite = 2
  /// A claim lasts longer than an attempt may, and the invoice that goes with it.
  static let claim: Seconds = 60
  static let attempt: Seconds = 25
  /// Between two attempts, at the most.
  static let longestWait: Seconds = 3_600

  let store: any Store
  let clock: any WallClock
  let alarm: any Alarm
  let bell: Bell
  let book: ContactBook
  let invoices: NoticeInvoices
  let daemon: String
  let retrying: Retrying
  let log: Logger
  let slots = DeliverySlots()
  public let tally = DeliveryTally()

  private var channels: [ContactRecord.Channel] { Array(book.messengers.keys) }

  /// Sends what becomes due, for as long as the task lives.
  func run() async {
    guard !channels.isEmpty else { return }
    await withDiscardingTaskGroup { group in
      for await _ in bell.rings() {
        for retries in [false, true] {
          for claim in await claimUntilItWorks(retries) {
            group.addTask {
              await send(claim)
              slots.end(claim, retries)
              bell.ring()
            }
          }
        }
      }
    }
  }

  private func claimUntilItWorks(_ retries: Bool) async -> [ClaimedDelivery] {
    await retrying.again("claiming deliveries") {
      let room = slots.room(retries)
      guard room > 0 else { return }
      slots.begin(try await claim(retries, room), retries)
    }
    return slots.begun(retries)
  }

  private func claim(_ retries: Bool, _ limit: Int) async throws -> [ClaimedDelivery] {
    let (owner, channels, busy) = (daemon, channels, slots.busy)
    return try await store.transaction { tx in
      let now = clock.now()
      return try tx.claimDeliveries(
        retries: retries, of: channels, passing: busy, owner: owner, at: now, until: now + Self.claim, limit: limit)
    }
  }

  /// Sends what is due until nothing is, and returns how many attempts were made.
  @discardableResult
  public func runDue() async throws -> Int {
    var begun = 0
    while true {
      let claims = try await claim(false, Self.atOnce) + claim(true, Self.atOnce)
      guard !claims.isEmpty else { return begun }
      begun += claims.count
      await withDiscardingTaskGroup { group in
        for claim in claims { group.addTask { await send(claim) } }
      }
    }
  }

  /// Gives up what is past its deadline and was in nobody's hands: what nobody here can send is told as well.
  public func giveUp() async throws {
    let now = clock.now()
    let dead = try await store.transaction { tx in
      let dead = try tx.giveUpDeliveries(at: now, limit: 1_000)
      for row in dead {
        try record(row.id, row.lease, row.channel, row.notice, row.lastError ?? "not sent", tx, at: now)
      }
      return dead
    }
    for row in dead { tally.count(row.channel, .dead) }
  }

  // MARK: One attempt

  private func send(_ claim: ClaimedDelivery) async {
    do {
      let outcome = await attempt(claim)
      if Task.isCancelled { return }
      switch outcome {
      case .arrived: try await conclude(claim, nil)
      case .failed(let fault): try await conclude(claim, fault)
      case .moot: try await drop(claim)
      }
    } catch {
      // The claim lapses by itself, and it is sent again under the same id.
      log.warning(
        "a delivery could not be recorded", metadata: ["lease": "\(claim.contact.lease)", "error": "\(error)"])
    }
  }

  private enum Attempted {
    case arrived
    case failed(DeliveryFault)
    /// What it says is not so any more.
    case moot
  }

  private func attempt(_ claim: ClaimedDelivery) async -> Attempted {
    let contact = claim.contact
    let now = clock.now()
    guard now < claim.deadline else { return .failed(DeliveryFault("it was too late", isFinal: true)) }
    guard let messenger = book.messengers[contact.channel], let opened = book.open(contact) else {
      return .failed(DeliveryFault("the key that its place was sealed with is not here", isFinal: true))
    }
    do {
      let id = contact.lease
      guard let lease = try await store.transaction({ tx in try tx.lease(id) })?.lease else {
        return .failed(DeliveryFault("there is no such lease", isFinal: true))
      }
      if let notice = claim.notice, !lease.stillHolds(notice) { return .moot }
      let key = try credentialsKey(of: contact)
      var message = message(claim, lease, opened, at: now)
      if contact.wantsInvoice, message.payAt != nil { message.invoice = await invoices.invoice(for: claim) }
      return try await send(message, to: opened.place, by: messenger, signedWith: key)
    } catch is StoreError {
      return .failed(DeliveryFault("the books could not be read"))
    } catch {
      return .failed(DeliveryFault("it could not be sent"))
    }
  }

  private func send(
    _ message: Message, to place: ContactPlace, by messenger: any Messenger, signedWith key: Bytes32
  ) async throws -> Attempted {
    let sent = try await Deadlines.shared.within(.seconds(Self.attempt.count)) {
      do throws(DeliveryFault) {
        try await messenger.deliver(message, to: place, signedWith: key)
        return Attempted.arrived
      } catch {
        return .failed(error)
      }
    }
    return sent ?? .failed(DeliveryFault("no answer in time"))
  }

  private func credentialsKey(of contact: ContactRecord) throws -> Bytes32 {
    try book.keys.keyring.signingKey(ofContact: contact.token)
  }

  private func message(
    _ claim: ClaimedDelivery, _ lease: Lease, _ opened: ContactBook.Opened, at now: Instant
  ) -> Message {
    let name = claim.contact.token.bytes.array + Array(claim.key.utf8)
    let id = name.withUnsafeBytes { Bytes32.sha256($0) }.hex.prefix(32)
    let isPayable = claim.notice?.amount != nil
    return Message(
      id: "msg_\(id)", content: claim.notice.map { .notice($0) } ?? .question, lease: lease.id,
      offer: lease.terms.offer, announcedAt: claim.announcedAt, at: now,
      payAt: isPayable ? book.payAt(claim.contact, base: opened.base) : nil,
      settingsAt: book.settingsAt(claim.contact, base: opened.base))
  }

  // MARK: What it came to

  private func drop(_ claim: ClaimedDelivery) async throws {
    let owner = daemon
    if try await store.transaction({ tx in try tx.dropDelivery(claim, owner: owner) }) {
      tally.count(claim.contact.channel, .moot)
    }
  }

  private func conclude(_ claim: ClaimedDelivery, _ fault: DeliveryFault?) async throws {
    let (owner, now) = (daemon, clock.now())
    let contact = claim.contact
    guard let fault else {
      if try await store.transaction({ tx in try tx.finishDelivery(claim, owner: owner, at: now) }) {
        tally.count(contact.channel, .delivered)
      }
      return
    }
    let next = now + wait(after: claim)
    let until = fault.isFinal || next >= claim.deadline ? nil : next
    let isOurs = try await store.transaction { tx in
      guard try tx.postponeDelivery(claim, owner: owner, until: until, error: fault.words, at: now) else {
        return false
      }
      if until == nil { try record(claim.id, contact.lease, contact.channel, claim.notice, fault.words, tx, at: now) }
      return true
    }
    guard isOurs else { return }
    tally.count(contact.channel, until == nil ? .dead : .failed)
    log.info(
      until == nil ? "a notice did not arrive" : "a notice is to be sent again",
      metadata: [
        "lease": "\(contact.lease)", "channel": "\(contact.channel.rawValue)", "attempts": "\(claim.attempts + 1)",
        "reason": "\(fault.words)",
      ])
    if let until { alarm.set(noLaterThan: until) }
  }

  /// Four seconds, eight, sixteen … up to an hour, and up to a quarter more, so that what failed together is not tried
  /// together.
  private func wait(after claim: ClaimedDelivery) -> Seconds {
    let base = min(Self.longestWait, Seconds(4 << Int64(min(12, claim.attempts))))
    return base + Seconds(claim.id % max(1, base.count / 4))
  }

  /// A dead letter, in the lease's own records.
  private func record(
    _ id: Int64, _ lease: LeaseID, _ channel: ContactRecord.Channel, _ notice: Notice?, _ reason: String,
    _ tx: any StoreTransaction, at now: Instant
  ) throws {
    guard let notice, let lease = try tx.lease(lease)?.lease else { return }
    try tx.noteDelivery(
      EventRecord(
        id: "undelivered/\(id)/\(now.microseconds)", lease: lease.id, version: lease.version, at: now,
        name: .undelivered, feedName: .undelivered, from: lease.state.name, to: lease.state.name,
        cause: .init(type: .effect, id: "delivery/\(id)"),
        evidence: ["kind": notice.kind.rawValue, "channel": channel.rawValue, "reason": reason]))
  }
}
