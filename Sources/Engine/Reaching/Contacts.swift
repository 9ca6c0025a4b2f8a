import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Where a renter wants to be told what will happen to a lease (notification settings). Only who holds the lease's own
/// credential names contacts and sees them, masked; they are gone when the lease closes.
public struct Contacts: Sendable {
  /// Of one lease, at the most.
  static let most = 5
  /// Of somebody who waits for a place.
  static let mostWaiting = 2
  /// So often in a day an address is asked whether it may be used, whoever asks for it; and a lease may have somebody
  /// asked.
  static let questionsPerAddress = 3
  static let questionsPerLease = 10

  let store: any Store
  let clock: any WallClock
  let alarm: any Alarm
  let credentials: Credentials
  let presented: PresentedPayments
  let book: ContactBook

  init(
    _ store: any Store, _ clock: any WallClock, _ alarm: any Alarm, _ credentials: Credentials,
    presented: PresentedPayments, book: ContactBook
  ) {
    self.store = store
    self.clock = clock
    self.alarm = alarm
    self.credentials = credentials
    self.presented = presented
    self.book = book
  }

  /// Checks where somebody asks to be told, before anything is sold to him.
  ///
  /// - Throws: ``Refusal/invalidField(_:_:)``.
  public func check(_ wishes: [ContactWish]) throws {
    guard wishes.count <= Self.most else {
      throw Refusal.invalidField("contacts", "at most \(Self.most)")
    }
    for wish in wishes { _ = try place(wish) }
  }

  /// Those of somebody who waits for a place, of whom there is no lease yet: ways that ask nobody first, for nobody is
  /// asked on behalf of who has paid nothing.
  ///
  /// - Throws: ``Refusal/invalidField(_:_:)``.
  public func waiting(_ wishes: [ContactWish], base: String) throws -> [ContactView] {
    guard wishes.count <= Self.mostWaiting else {
      throw Refusal.invalidField("contacts", "at most \(Self.mostWaiting) while you wait")
    }
    let keyring = credentials.keys.keyring
    let now = clock.now()
    return try wishes.map { wish in
      let place = try place(wish)
      guard let messenger = book.messengers[wish.channel], !messenger.asksFirst else {
        throw Refusal.invalidField(wish.channel.rawValue, "only a webhook is told while you wait")
      }
      let token = keyring.newToken()
      let contact = ContactRecord(
        token: token, lease: LeaseID(high: 0, low: 0), channel: wish.channel,
        sealed: book.sealed(.init(place: place, base: base), as: token),
        site: Array(keyring.hash(ofPlace: messenger.site(of: place)).array[..<8]), codeHash: nil, createdAt: now,
        confirmedAt: now, wantsInvoice: wish.wantsInvoice)
      return try shown(contact)
    }
  }

  /// Those of a lease, oldest first.
  public func list(of id: LeaseID, _ caller: Caller) async throws -> [ContactView] {
    try await require(.listContacts, of: id, caller)
    return try await store.transaction { tx in try tx.contacts(of: id) }.map { view($0) }
  }

  /// Names one. The same place again is the same contact.
  ///
  /// - Parameter base: where links to us begin.
  public func add(
    _ wish: ContactWish, to id: LeaseID, base: String, _ caller: Caller
  ) async throws -> ContactView {
    guard let made = try await make(wish, of: id, base: base, isPurchase: false, caller) else {
      throw Refusal.conflict(code: .idempotencyConflict, "it was taken away meanwhile")
    }
    return made
  }

  /// Those that a purchase asked for: however often it is asked, each is made once, and one that was taken away stays away.
  /// What cannot be had is left out: the lease is bought all the same.
  public func ofPurchase(
    _ wishes: [ContactWish], of id: LeaseID, base: String, _ caller: Caller
  ) async throws -> [ContactView] {
    var made: [ContactView] = []
    for wish in wishes {
      do {
        if let contact = try await make(wish, of: id, base: base, isPurchase: true, caller) { made.append(contact) }
      } catch is Refusal {
        continue
      }
    }
    return made
  }

  /// Takes one away, with everything that was on its way there. Idempotent.
  public func remove(_ token: TokenID, of id: LeaseID, _ caller: Caller) async throws {
    try await require(.setContacts, of: id, caller)
    try await remove(token, of: id)
  }

  private func remove(_ token: TokenID, of id: LeaseID) async throws {
    let now = clock.now()
    let revoked = try await store.transaction { tx -> [TokenID] in
      _ = try tx.lockLease(id)
      guard let record = try tx.token(token), record.lease == id, record.mintedFor == .contact else {
        throw Refusal.invalidField("contact", "no such contact of this lease")
      }
      _ = try tx.removeContact(token)
      return try tx.revoke(token, at: now)
    }
    credentials.revocations.insert(revoked)
  }

  // MARK: By the owner of the place

  /// The contact of a code, and its place masked; `nil`: there is none.
  public func find(code: String) async throws -> ContactView? {
    guard code.utf8.count == 26 else { return nil }
    let hash = MasterKeyring.hash(ofAddress: code)
    return try await store.transaction { tx in try tx.contact(codeHash: hash) }.map { view($0) }
  }

  /// Whoever has the code says that notices may go there. Idempotent.
  public func confirm(code: String) async throws -> Bool {
    guard let found = try await find(code: code)?.contact else { return false }
    let now = clock.now()
    try await store.transaction { tx in try tx.confirmContact(found.token, at: now) }
    return true
  }

  /// Whoever has the code says that nothing may go there any more. Idempotent.
  public func end(code: String) async throws -> Bool {
    guard let found = try await find(code: code)?.contact else { return false }
    try await remove(found.token, of: found.lease)
    return true
  }

  // MARK: Making

  private func require(_ action: LeaseAction, of id: LeaseID, _ caller: Caller) async throws {
    let shown = try await credentials.require(action, of: id, caller)
    guard !shown.isNarrowed else {
      throw Refusal.forbidden(reason: .notYours, detail: "a narrowed credential neither sees contacts nor names any")
    }
  }

  private func place(_ wish: ContactWish) throws -> ContactPlace {
    guard let messenger = book.messengers[wish.channel] else {
      throw Refusal.invalidField(wish.channel.rawValue, "this provider sends nothing that way")
    }
    do throws(ContactFault) {
      return try messenger.place(wish)
    } catch {
      throw Refusal.invalidField(wish.channel.rawValue, error.words)
    }
  }

  private func view(_ contact: ContactRecord) -> ContactView {
    let place = book.open(contact)?.place
    return ContactView(
      contact: contact, masked: place.flatMap { book.messengers[contact.channel]?.masked($0) }, signingKey: nil)
  }

  /// - Returns: `nil` where a purchase asks for one that was taken away.
  private func make(
    _ wish: ContactWish, of id: LeaseID, base: String, isPurchase: Bool, _ caller: Caller
  ) async throws -> ContactView? {
    try await require(.setContacts, of: id, caller)
    let shown = try await credentials.require(.setContacts, of: id, caller)
    let place = try place(wish)
    guard let messenger = book.messengers[wish.channel] else { return nil }
    guard let lease = try await presented.upToDate(shown, of: id)?.lease, !lease.isClosed else {
      throw Refusal.leaseClosed
    }
    let keyring = credentials.keys.keyring
    let named = keyring.contactToken(
      lease: Array(id.description.utf8), place: ContactBook.name(of: place, wish.channel))
    let wanted = Wanted(
      channel: wish.channel, opened: .init(place: place, base: base),
      wantsInvoice: wish.wantsInvoice, mayChange: !isPurchase,
      site: Array(keyring.hash(ofPlace: messenger.site(of: place)).array[..<8]),
      asksFirst: messenger.asksFirst, address: keyring.hash(ofPlace: place.address), payer: shown)
    let drafts = try [named, isPurchase ? nil : keyring.newToken()].compactMap { $0 }.map {
      try draft(wanted, as: $0, of: id)
    }
    guard let kept = try await write(drafts, wanted, of: id) else { return nil }
    if wanted.asksFirst { alarm.set(noLaterThan: clock.now()) }
    return try self.shown(kept)
  }

  /// As whoever has named it sees it.
  private func shown(_ contact: ContactRecord) throws -> ContactView {
    var view = self.view(contact)
    do {
      view.signingKey = try credentials.keys.keyring.signingKey(ofContact: contact.token)
    } catch {
      throw Refusal.credential(error)
    }
    return view
  }

  private struct Wanted: Sendable {
    var channel: ContactRecord.Channel
    var opened: ContactBook.Opened
    var wantsInvoice: Bool
    /// Whether a contact of this place that is there already is changed: not by a purchase that is answered again.
    var mayChange: Bool
    var site: [UInt8]
    var asksFirst: Bool
    /// Keyed hash of the address.
    var address: Bytes32
    var payer: VerifiedCredential
  }

  private struct Draft: Sendable {
    var contact: ContactRecord
    var addressHash: Bytes32
  }

  private func draft(_ wanted: Wanted, as token: TokenID, of id: LeaseID) throws -> Draft {
    let now = clock.now()
    let keyring = credentials.keys.keyring
    return Draft(
      contact: ContactRecord(
        token: token, lease: id, channel: wanted.channel, sealed: book.sealed(wanted.opened, as: token),
        site: wanted.site,
        codeHash: wanted.asksFirst ? MasterKeyring.hash(ofAddress: try keyring.code(ofContact: token)) : nil,
        createdAt: now, confirmedAt: wanted.asksFirst ? nil : now, wantsInvoice: wanted.wantsInvoice),
      addressHash: MasterKeyring.hash(ofAddress: try keyring.address(of: token)))
  }

  /// - Parameter drafts: under the name that follows from the place, and under another for where that was used up.
  private func write(_ drafts: [Draft], _ wanted: Wanted, of id: LeaseID) async throws -> ContactRecord? {
    try await store.transaction { tx in
      guard let lease = try tx.lockLease(id), !lease.isClosed else { throw Refusal.leaseClosed }
      if try tx.token(wanted.payer.token)?.revokedAt != nil { throw Refusal.credential(.revoked) }
      let known = try tx.contacts(of: id)
      if var same = known.first(where: { $0.channel == wanted.channel && book.open($0)?.place == wanted.opened.place })
      {
        if wanted.mayChange, same.wantsInvoice != wanted.wantsInvoice {
          try tx.setContact(same.token, wantsInvoice: wanted.wantsInvoice)
          same.wantsInvoice = wanted.wantsInvoice
        }
        return same
      }
      guard let draft = try drafts.first(where: { try tx.token($0.contact.token) == nil }) else { return nil }
      guard known.count < Self.most else {
        throw Refusal.conflict(code: .tooManyContacts, "this lease has \(known.count) contacts: take some away")
      }
      let contact = draft.contact
      try tx.insertToken(
        TokenRecord(
          id: contact.token, lease: id, parent: nil, paymentHash: wanted.payer.paymentHash,
          capabilities: Capabilities.pay.list, createdAt: contact.createdAt, mintedFor: .contact))
      try tx.insertAddress(contact.token, hash: draft.addressHash, path: nil, of: id)
      try tx.insertContact(contact)
      if wanted.asksFirst { try ask(contact, at: wanted.address, tx) }
      return contact
    }
  }

  private func ask(_ contact: ContactRecord, at address: Bytes32, _ tx: any StoreTransaction) throws {
    let now = contact.createdAt
    let asked = try tx.questions(to: address, of: contact.lease, since: now - .day)
    guard asked.address < Self.questionsPerAddress, asked.lease < Self.questionsPerLease else {
      throw Refusal.tooManyRequests(retryAfter: Int(Seconds.day.count))
    }
    try tx.noteQuestion(to: address, of: contact.lease, at: now)
    try tx.insertQuestion(to: contact, at: now, deadline: now + .day)
  }
}
