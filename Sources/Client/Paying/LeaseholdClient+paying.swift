import AsyncHTTPClient
import BOLT11
import L402
import Macaroons
import NIOHTTP1
import Units
import Wallets
import Wire

/// What a purchase came to.
struct Bought: Sendable {
  var answer: Answer<LeaseDocument>
  /// Of the invoice that was paid for it; nil where nothing was.
  var amount: Millisatoshi?
}

extension LeaseholdClient {
  /// A request that may cost money: asks, is told the price, pays, asks again.
  ///
  /// Every step is on disk before it is taken (``Purchase``), so that a run that dies anywhere is gone on with by the
  /// next one that asks for the same: what was paid is not paid again, and what was bought is not lost.
  ///
  /// - Parameters:
  ///   - lease: where it exists already; its credential goes with the first request.
  ///   - limit: the most that may be paid.
  ///   - key: the idempotency key of a new purchase; a random one without it.
  ///   - adoptsRoute: goes on with whatever was left unfinished on this route, whatever its body.
  func purchase(
    _ path: String, _ body: [UInt8], lease: String?, limit: Millisatoshi?, key: String? = nil, name: String? = nil,
    adoptsRoute: Bool = false
  ) async throws(ClientError) -> Bought {
    // Before anything is asked for: another server is not even told of the lease.
    if let lease { _ = try kept(lease) }
    var draft = Purchase(server: server, path: path, body: body, lease: lease, at: now())
    if let key { draft.idempotencyKey = key }
    draft.name = name
    let open = try state.beginPurchase(draft, at: server, adoptsRoute: adoptsRoute)
    return try await proceed(open, limit: limit)
  }

  func proceed(_ open: OpenPurchase, limit: Millisatoshi?) async throws(ClientError) -> Bought {
    var open = open
    if let credential = try await resume(&open, limit: limit) { return try await complete(open, with: credential) }

    var patience = Patience(settings.patience)
    var swaps = 0
    while true {
      let response = try await transmit(call(open.purchase, as: try asker(of: open.purchase)))
      if (200..<300).contains(response.status.code) {
        let answer = try await Self.read(LeaseDocument.self, response).withoutCredential
        try state.note(answer.document, at: server)
        try state.finish(open)
        return Bought(answer: answer)
      }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .paymentRequired:
        let credential = try await meet(response.headers["WWW-Authenticate"], problem, for: &open, limit: limit)
        return try await complete(open, with: credential)
      case .serviceUnavailable where patience.isLeft:
        try await wait(response, problem, &patience)
      case .unauthorized where problem.code == "credential-stale":
        guard let lease = open.purchase.lease ?? open.purchase.disk, let credential = try kept(lease)?.credential,
          swaps < 3
        else { throw .problem(problem) }
        swaps += 1
        _ = try await swap(credential, of: lease)
      case .unauthorized where problem.code == "credential-revoked":
        guard let lease = open.purchase.lease, swaps < 3, try await resumeRotation(of: lease) != nil
        else { throw .problem(problem) }
        swaps += 1
      default:
        if response.status.isDecision { try state.finish(open) }
        throw .problem(problem)
      }
    }
  }

  /// The credential of a purchase that an earlier run got as far as an invoice.
  ///
  /// - Returns: `nil` when nothing was paid and nothing can be any more: the purchase begins anew.
  private func resume(_ open: inout OpenPurchase, limit: Millisatoshi?) async throws(ClientError) -> Credential? {
    guard let asked = open.purchase.challenge else { return nil }
    tell(.recovering(paymentHash: asked.paymentHash))
    if let credential = try await earlierCredential(&open) { return credential }
    if let payable = try await payable(asked, lease: open.purchase.lease) {
      return try await pay(payable, for: &open, limit: limit)
    }
    try state.changeSpendings { $0.giveBack(asked.paymentHash) }
    open.purchase.startOver()
    try state.save(open.purchase)
    return nil
  }

  /// What was paid before this run: the payee is asked, and then the wallet.
  ///
  /// - Throws: `wallet(uncertain)` while money is under way.
  func earlierCredential(_ open: inout OpenPurchase) async throws(ClientError) -> Credential? {
    guard let asked = open.purchase.challenge else { return nil }
    // The run that wrote the preimage down may have come no further: what follows is done again.
    if let preimage = open.purchase.preimage {
      guard let preimage = Preimage(hex: preimage) else { throw .state("a purchase's record is damaged") }
      return try keep(preimage, in: &open)
    }
    if case .settled(let preimage) = try await decision(on: asked.paymentHash, with: try asked.sound) {
      return try keep(preimage, in: &open)
    }
    guard !settings.paysByHand, try state.spendings().knows(asked.paymentHash) else { return nil }
    let invoice: Invoice
    do throws(BOLT11Error) { invoice = try Invoice.parse(asked.invoice) } catch {
      throw .state("a purchase's record is damaged")
    }
    guard case .paid(let preimage) = try await earlierPayment(of: invoice, from: payer) else { return nil }
    return try keep(preimage, in: &open)
  }

  /// A challenge kept from an earlier run; `nil` when its invoice can no longer be paid.
  func payable(_ asked: Purchase.Asked, lease: String?) async throws(ClientError) -> PayableChallenge? {
    let challenge = Challenge(macaroon: try asked.sound, invoice: asked.invoice)
    let payable: PayableChallenge
    do throws(ChallengeFault) {
      payable = try PayableChallenge(challenge, claimed: asked.amountMsat, lease: lease, at: now())
    } catch {
      guard error == .expired else { throw .badChallenge(error) }
      return nil
    }
    // The payee may have called it off before its time.
    if case .gone = try await answer(on: asked.paymentHash, with: challenge.macaroon) { return nil }
    return payable
  }

  /// From a `402` to a credential.
  private func meet(
    _ headers: [String], _ problem: ProblemDocument, for open: inout OpenPurchase, limit: Millisatoshi?
  ) async throws(ClientError) -> Credential {
    let payable: PayableChallenge
    do throws(ChallengeFault) {
      payable = try PayableChallenge(headers: headers, problem: problem, lease: open.purchase.lease, at: now())
      // A new lease that bears the name of one that is kept here would take its place.
      if open.purchase.lease == nil, let lease = payable.challenge.macaroon.value(of: .lease),
        isKept(lease)
      {
        throw .otherLease
      }
    } catch {
      try state.finish(open)
      throw .badChallenge(error)
    }
    open.purchase.challenge = Purchase.Asked(
      macaroon: payable.challenge.token, invoice: payable.invoice.text, paymentHash: payable.paymentHash.hex,
      amountMsat: payable.amount.count, kept: try open.purchase.lease.flatMap(fingerprint))
    try state.save(open.purchase)
    return try await pay(payable, for: &open, limit: limit, purpose: problem.purpose)
  }

  private func fingerprint(_ lease: String) throws(ClientError) -> String? { try kept(lease)?.credential?.fingerprint }

  /// A file that is damaged is there, too.
  private func isKept(_ lease: String) -> Bool {
    do throws(ClientError) { return try state.storedLease(lease) != nil } catch { return true }
  }

  private func pay(
    _ payable: PayableChallenge, for open: inout OpenPurchase, limit: Millisatoshi?, purpose: String? = nil
  ) async throws(ClientError) -> Credential {
    let hash = payable.paymentHash.hex
    let isKnown = try state.spendings().knows(hash)
    do throws(ClientError) {
      let preimage = try await pay(
        payable.invoice, payable.amount, from: settings.paysByHand ? hand(payable) : payer, limit: limit,
        about: question(for: open.purchase, purpose))
      return try keep(preimage, in: &open)
    } catch {
      switch error {
      // Nobody was asked to pay; there is nothing to go on with.
      case .overBudget, .overLimit, .notApproved: if !isKnown { try state.finish(open) }
      // Called off by the payee: what was to be bought could not be made, and the money stayed.
      case .wallet(.declined(let words)):
        guard !isKnown, case .gone(let failure)? = await knownAnswer(of: hash, with: payable.challenge.macaroon)
        else { break }
        try state.finish(open)
        if let failure { throw .notMade(code: failure.code, failure.detail) }
        // Before its time and without a reason: an older server called it off.
        if !payable.invoice.isExpired(at: now()) { throw .notMade(code: nil, words) }
      default: break
      }
      throw error
    }
  }

  private func knownAnswer(of paymentHash: String, with macaroon: Macaroon) async -> PayeeAnswer? {
    do throws(ClientError) {
      return try await answer(on: paymentHash, with: macaroon)
    } catch {
      return nil  // whoever goes on with the purchase asks again
    }
  }

  /// Writes the preimage down, and the credential where the lease's door will look for it. Done again it changes nothing.
  private func keep(_ preimage: Preimage, in open: inout OpenPurchase) throws(ClientError) -> Credential {
    open.purchase.preimage = preimage.hex
    try state.save(open.purchase)
    guard let credential = open.purchase.credential, let asked = open.purchase.challenge
    else { throw .state("a purchase's record is damaged") }
    // Where only the payee could tell, the fee stays what was set aside for it.
    try state.changeSpendings { spendings in
      let aside = spendings.entries.first { $0.paymentHash == asked.paymentHash }?.amount
      spendings.confirm(asked.paymentHash, amount: aside ?? Millisatoshi(asked.amountMsat))
    }
    if let lease = credential.lease ?? open.purchase.lease {
      // Who pays for a friend's lease buys nothing to keep.
      let isOurs: Bool = if open.purchase.lease == nil { true } else { try state.storedLease(lease) != nil }
      if isOurs {
        try state.keepBought(
          credential, of: lease, at: server, inPlaceOf: asked.kept, name: open.purchase.name, now: now())
      }
    }
    return credential
  }

  /// Sends the request again, paid.
  private func complete(_ open: OpenPurchase, with credential: Credential) async throws(ClientError) -> Bought {
    let amount = open.purchase.amountMsat.map { Millisatoshi($0) }
    if open.purchase.isOfDoor, let lease = open.purchase.lease {
      // Whoever stood at the door asks there again.
      let answer = try await self.lease(lease)
      try state.finish(open)
      return Bought(answer: answer, amount: amount)
    }
    // What is paid for may be in the making.
    var patience = Patience(settings.patience * 15)
    while true {
      let response = try await transmit(call(open.purchase, as: .credential(credential)))
      if (200..<300).contains(response.status.code) {
        let answer = try await Self.read(LeaseDocument.self, response).withoutCredential
        try state.note(answer.document, at: server)
        try state.finish(open)
        return Bought(answer: answer, amount: amount)
      }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .paymentRequired:
        guard let answer = try await presentedByAnother(open, credential)
        else { throw .paidButRefused(paymentHash: credential.paymentHash.hex) }
        return Bought(answer: answer, amount: amount)
      case .serviceUnavailable where patience.isLeft:
        try await wait(response, problem, &patience)
      case .unauthorized where ClientError.problem(problem).saysCredentialEnded:
        // Ended with all others of the lease while this was under way: the money is the lease's all the same.
        try state.finish(open)
        guard let lease = open.purchase.lease, try kept(lease) != nil else { throw .problem(problem) }
        return Bought(answer: try await self.lease(lease), amount: amount)
      default:
        // The credential is kept, whatever becomes of the request; it gets at the credit.
        if response.status.isDecision { try state.finish(open) }
        throw .problem(problem)
      }
    }
  }

  /// Two runs may have been shown the same renewal's invoice: it is paid once and presented twice, and only the first is
  /// told that it counted. It did: the payee says that it has the money, and the lease has the time.
  private func presentedByAnother(
    _ open: OpenPurchase, _ credential: Credential
  ) async throws(ClientError) -> Answer<LeaseDocument>? {
    guard open.purchase.path.hasSuffix("/renewals"), let lease = open.purchase.lease,
      try state.storedLease(lease) != nil,
      case .settled = try await answer(on: credential.paymentHash.hex, with: credential.macaroon)
    else { return nil }
    let answer = try await self.lease(lease)
    try state.finish(open)
    return answer
  }

  /// Pays what a door asks for, and leaves the repeating of the request to the caller.
  func payAtDoor(
    of lease: String, _ headers: [String], _ problem: ProblemDocument
  ) async throws(ClientError) -> Credential {
    let draft = Purchase(server: server, path: Purchase.doorPrefix + lease, body: [], lease: lease, at: now())
    var open = try state.beginPurchase(draft, at: server)
    let resumed = try await resume(&open, limit: nil)
    let credential =
      if let resumed { resumed } else { try await meet(headers, problem, for: &open, limit: nil) }
    try state.finish(open)
    return credential
  }

  /// Who asks first. A credential that may not pay would be refused where a stranger is welcome.
  private func asker(of purchase: Purchase) throws(ClientError) -> Call.Authority {
    // Nothing is bought yet: what is shown is the credential of the disk that shall be attached.
    if let disk = purchase.disk {
      guard let credential = try kept(disk)?.credential else { throw .noCredential(lease: disk) }
      return .credential(credential)
    }
    guard let lease = purchase.lease, let credential = try kept(lease)?.credential else { return .nobody }
    if purchase.path.hasSuffix("/renewals"), !credential.capabilities.contains(.pay) { return .nobody }
    return .credential(credential)
  }

  private func call(_ purchase: Purchase, as authority: Call.Authority) -> Call {
    Call(
      .POST, purchase.path, headers: [("Idempotency-Key", purchase.idempotencyKey)],
      body: .bytes(Array(purchase.body.utf8), type: "application/json"), as: authority)
  }
}

extension HTTPResponseStatus {
  /// Whether a refusal is the server's last word. One in trouble, a slow line and a full one decide nothing: the same
  /// asked again is the same purchase.
  fileprivate var isDecision: Bool { code < 500 && self != .requestTimeout && self != .tooManyRequests }
}
