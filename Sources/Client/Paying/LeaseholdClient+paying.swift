import AsyncHTTPClient
import BOLT11
import L402
import Macaroons
import NIOHTTP1
import Units
import Wallets
import Wire

extension LeaseholdClient {
  /// A request that may cost money: asks, is told the price, pays, asks again.
  ///
  /// Every step is on disk before it is taken (``Purchase``), so that a run that dies anywhere is gone on with by the
  /// next one that asks for the same: what was paid is not paid again, and what was bought is not lost.
  ///
  /// - Parameters:
  ///   - lease: where it exists already; its credential goes with the first request.
  ///   - limit: the most that may be paid.
  func purchase(
    _ path: String, _ body: [UInt8], lease: String?, limit: Millisatoshi?
  ) async throws(ClientError) -> Answer<LeaseDocument> {
    let draft = Purchase(server: server, path: path, body: body, lease: lease, at: now())
    let open = try state.beginPurchase(draft, at: server)
    return try await proceed(open, limit: limit)
  }

  /// Goes on with what earlier runs left behind. What cannot be finished now stays for another time.
  ///
  /// - Returns: each purchase, with the lease or why not.
  public func recover() async throws(ClientError) -> [(Purchase, Result<LeaseDocument, ClientError>)] {
    var outcomes: [(Purchase, Result<LeaseDocument, ClientError>)] = []
    for left in try state.unfinishedPurchases(of: server) {
      guard let open = try state.adopt(left) else { continue }
      do throws(ClientError) {
        guard try await findPreimage(open.purchase) != nil else {
          // Nothing was paid, so nothing is missing; while the invoice can be paid, it may still be.
          if try open.purchase.challenge.flatMap({ asked throws(ClientError) in
            try payable(asked, lease: open.purchase.lease)
          }) == nil {
            try state.finish(open)
          }
          continue
        }
        outcomes.append((left, .success(try await proceed(open, limit: .zero).document)))
      } catch {
        outcomes.append((left, .failure(error)))
      }
    }
    return outcomes
  }

  private func proceed(_ open: OpenPurchase, limit: Millisatoshi?) async throws(ClientError) -> Answer<LeaseDocument> {
    var open = open
    if let credential = try await resume(&open, limit: limit) { return try await complete(open, with: credential) }

    var waited = Seconds.zero
    while true {
      let response = try await transmit(call(open.purchase, as: try asker(of: open.purchase)))
      if (200..<300).contains(response.status.code) {
        let answer = try await Self.read(LeaseDocument.self, response)
        try state.finish(open)
        try state.note(answer.document)
        return answer
      }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .paymentRequired:
        let credential = try await meet(response.headers["WWW-Authenticate"], problem, for: &open, limit: limit)
        return try await complete(open, with: credential)
      case .serviceUnavailable where waited < settings.patience:
        waited = waited + (try await wait(response))
      case .unauthorized where problem.code == "credential-stale":
        guard let lease = open.purchase.lease, let credential = try state.storedLease(lease)?.credential,
          waited < settings.patience
        else { throw .problem(problem) }
        _ = try await swap(credential, of: lease)
        waited = waited + 1
      default:
        if !response.status.isServerError { try state.finish(open) }
        throw .problem(problem)
      }
    }
  }

  /// The credential of a purchase that an earlier run got as far as an invoice.
  private func resume(_ open: inout OpenPurchase, limit: Millisatoshi?) async throws(ClientError) -> Credential? {
    guard let asked = open.purchase.challenge else { return nil }
    tell(.recovering(paymentHash: asked.paymentHash))
    if let preimage = try await findPreimage(open.purchase) {
      return try keep(preimage, in: &open)
    }
    if let payable = try payable(asked, lease: open.purchase.lease) {
      return try await pay(payable, for: &open, limit: limit)
    }
    // Unpaid, and too late to pay.
    try state.changeSpendings { (spendings) throws(BudgetRefusal) in spendings.giveBack(asked.paymentHash) }
    open.purchase.startOver()
    try state.save(open.purchase)
    return nil
  }

  /// A challenge kept from an earlier run; `nil` when its invoice has expired.
  private func payable(_ asked: Purchase.Asked, lease: String?) throws(ClientError) -> PayableChallenge? {
    guard let macaroon = Macaroon(base64: asked.macaroon) else { throw .state("a purchase's record is damaged") }
    let challenge = Challenge(macaroon: macaroon, invoice: asked.invoice)
    do throws(ChallengeFault) {
      return try PayableChallenge(challenge, claimed: asked.amountMsat, lease: lease, at: now())
    } catch {
      guard error == .expired else { throw .badChallenge(error) }
      return nil
    }
  }

  /// What the payee knows: the preimage once the invoice is settled, `nil` while it is not.
  private func findPreimage(_ purchase: Purchase) async throws(ClientError) -> Preimage? {
    if let preimage = purchase.preimage { return Preimage(hex: preimage) }
    guard let asked = purchase.challenge, let macaroon = Macaroon(base64: asked.macaroon) else { return nil }
    do throws(ClientError) {
      return try await claim(asked.paymentHash, with: macaroon)
    } catch {
      // An invoice the payee has never heard of, or has long forgotten, was not paid to them.
      if case .problem(let problem) = error, problem.status == 404 { return nil }
      throw error
    }
  }

  /// Asks whether an invoice was paid: the one route that takes a macaroon without its preimage.
  ///
  /// - Returns: the preimage; `nil` while the invoice is unpaid.
  func claim(_ paymentHash: String, with macaroon: Macaroon) async throws(ClientError) -> Preimage? {
    let answer = try await ask(
      PaymentDocument.self,
      Call(.GET, "/v1/payments/\(paymentHash)", as: .line("L402 \(Base64.encode(macaroon.wire)):")))
    guard let text = answer.document.preimage else { return nil }
    guard let preimage = Preimage(hex: text), preimage.paymentHash.hex == paymentHash
    else { throw .unreadable("the preimage is not that of the payment hash") }
    return preimage
  }

  /// From a `402` to a credential.
  private func meet(
    _ headers: [String], _ problem: ProblemDocument, for open: inout OpenPurchase, limit: Millisatoshi?
  ) async throws(ClientError) -> Credential {
    let payable: PayableChallenge
    do throws(ChallengeFault) {
      payable = try PayableChallenge(headers: headers, problem: problem, lease: open.purchase.lease, at: now())
    } catch {
      try state.finish(open)
      throw .badChallenge(error)
    }
    open.purchase.challenge = Purchase.Asked(
      macaroon: payable.challenge.token, invoice: payable.invoice.text, paymentHash: payable.paymentHash.hex,
      amountMsat: payable.amount.count)
    try state.save(open.purchase)
    return try await pay(payable, for: &open, limit: limit, purpose: problem.purpose)
  }

  private func pay(
    _ payable: PayableChallenge, for open: inout OpenPurchase, limit: Millisatoshi?, purpose: String? = nil
  ) async throws(ClientError) -> Credential {
    let bytes = try await pay(
      payable.invoice, payable.amount, from: settings.paysByHand ? hand(payable) : nil, limit: limit,
      purpose: purpose ?? "payment")
    guard let preimage = Preimage(bytes), preimage.paymentHash == payable.paymentHash
    else { throw .wallet(.uncertain("the wallet's preimage is not that of the invoice")) }
    return try keep(preimage, in: &open)
  }

  /// Pays within limits and budget.
  ///
  /// - Returns: the wallet's word for the preimage.
  func pay(
    _ invoice: Invoice, _ amount: Millisatoshi, from other: (any Wallet)? = nil, limit: Millisatoshi?, purpose: String
  ) async throws(ClientError) -> [UInt8] {
    if let limit = limit ?? settings.limit, amount > limit { throw .overLimit(asked: amount, limit: limit) }
    let budget = try state.budget()
    let hash = Hex.encode(invoice.paymentHash)
    let moment = now()
    let isRepetition = try state.spendings().entries.contains { $0.paymentHash == hash }
    try state.changeSpendings { (spendings) throws(BudgetRefusal) in
      try spendings.reserve(amount, for: hash, within: budget, at: moment)
    }
    tell(.paying(msat: amount.count, purpose: purpose))
    do throws(WalletError) {
      let preimage = try await (other ?? wallet ?? embeddedWallet).pay(invoice, maxFee: settings.maxFee)
      tell(.paid(msat: amount.count))
      return preimage
    } catch {
      // A second attempt that is declined says nothing of the first.
      if case .declined = error, !isRepetition {
        try state.changeSpendings { (spendings) throws(BudgetRefusal) in spendings.giveBack(hash) }
      }
      throw .wallet(error)
    }
  }

  /// Writes the preimage down, and the credential where the lease's door will look for it.
  private func keep(_ preimage: Preimage, in open: inout OpenPurchase) throws(ClientError) -> Credential {
    open.purchase.preimage = preimage.hex
    try state.save(open.purchase)
    guard let credential = open.purchase.credential else { throw .state("a purchase's record is damaged") }
    if let lease = credential.lease ?? open.purchase.lease {
      // Who pays for a friend's lease buys nothing to keep.
      let isOurs: Bool = if open.purchase.lease == nil { true } else { try state.storedLease(lease) != nil }
      if isOurs { try state.keep(credential, of: lease, at: server, now: now()) }
    }
    return credential
  }

  /// Sends the request again, paid.
  private func complete(
    _ open: OpenPurchase, with credential: Credential
  ) async throws(ClientError) -> Answer<LeaseDocument> {
    var waited = Seconds.zero
    while true {
      let response = try await transmit(call(open.purchase, as: .credential(credential)))
      if (200..<300).contains(response.status.code) {
        let answer = try await Self.read(LeaseDocument.self, response)
        try state.note(answer.document)
        try state.finish(open)
        return answer
      }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .paymentRequired: throw .paidButRefused(paymentHash: credential.paymentHash.hex)
      case .serviceUnavailable where waited < settings.patience:
        waited = waited + (try await wait(response))
      default:
        // The credential is kept, whatever becomes of the request; it gets at the credit.
        if !response.status.isServerError { try state.finish(open) }
        throw .problem(problem)
      }
    }
  }

  /// Pays what a door asks for, and leaves the repeating of the request to the caller.
  func payAtDoor(
    of lease: String, _ headers: [String], _ problem: ProblemDocument
  ) async throws(ClientError) -> Credential {
    let draft = Purchase(server: server, path: "door:" + lease, body: [], lease: lease, at: now())
    var open = try state.beginPurchase(draft, at: server)
    let resumed = try await resume(&open, limit: nil)
    let credential =
      if let resumed { resumed } else { try await meet(headers, problem, for: &open, limit: nil) }
    try state.finish(open)
    return credential
  }

  /// Who asks first. A credential that may not pay would be refused where a stranger is welcome.
  private func asker(of purchase: Purchase) throws(ClientError) -> Call.Authority {
    guard let lease = purchase.lease, let credential = try state.storedLease(lease)?.credential else { return .nobody }
    if purchase.path.hasSuffix("/renewals"), !credential.capabilities.contains(.pay) { return .nobody }
    return .credential(credential)
  }

  private func call(_ purchase: Purchase, as authority: Call.Authority) -> Call {
    Call(
      .POST, purchase.path, headers: [("Idempotency-Key", purchase.idempotencyKey)],
      body: .bytes(Array(purchase.body.utf8), type: "application/json"), as: authority)
  }

  /// Pays an invoice that came from elsewhere.
  ///
  /// - Returns: the preimage, 64 hex digits.
  public func pay(invoice text: String) async throws(ClientError) -> String {
    let invoice: Invoice
    do throws(BOLT11Error) { invoice = try Invoice.parse(text) } catch { throw .badChallenge(.unreadableInvoice) }
    guard let amount = invoice.amount else { throw .badChallenge(.noAmount) }
    guard !invoice.isExpired(at: now()) else { throw .badChallenge(.expired) }
    let bytes = try await pay(invoice, amount, limit: nil, purpose: "payment")
    guard let preimage = Preimage(bytes), preimage.paymentHash.bytes.array == invoice.paymentHash
    else { throw .wallet(.uncertain("the wallet's preimage is not that of the invoice")) }
    return preimage.hex
  }

  /// A person with a wallet of their own: shown the invoice, and asked after at the payee until it has expired.
  private func hand(_ payable: PayableChallenge) -> ManualWallet {
    ManualWallet { [self] invoice in
      tell(.payByHand(invoice: invoice.text, msat: payable.amount.count))
      while true {
        // Looked at after the time is up once more: it may have been paid in the last second.
        let isLast = invoice.isExpired(at: now())
        if let preimage = try await claim(payable.paymentHash.hex, with: payable.challenge.macaroon) {
          return preimage.bytes.array
        }
        if isLast { return nil }
        try await Task.sleep(for: .seconds(1))
      }
    }
  }

  private var embeddedWallet: EmbeddedWallet {
    EmbeddedWallet { [self] path, json in
      let response = try await transmit(Call(.POST, path, body: .bytes(json, type: "application/json")))
      return (Int(response.status.code), try await Self.bytes(of: response))
    }
  }
}

extension HTTPResponseStatus {
  var isServerError: Bool { code >= 500 }
}
