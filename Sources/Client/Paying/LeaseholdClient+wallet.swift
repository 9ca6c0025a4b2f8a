import BOLT11
import L402
import Macaroons
import Units
import Wallets
import Wire

extension LeaseholdClient {
  /// Pays an invoice that came from elsewhere. Doing so again costs nothing: the wallet is asked what became of it.
  ///
  /// - Returns: the preimage, 64 hex digits.
  public func pay(invoice text: String) async throws(ClientError) -> String {
    let invoice: Invoice
    do throws(BOLT11Error) { invoice = try Invoice.parse(text) } catch { throw .badChallenge(.unreadableInvoice) }
    guard let amount = invoice.amount else { throw .badChallenge(.noAmount) }
    let isKnown = try state.spendings().knows(Hex.encode(invoice.paymentHash))
    guard isKnown || !invoice.isExpired(at: now()) else { throw .badChallenge(.expired) }
    guard !settings.paysByHand else {
      throw .wallet(.declined("an invoice of somebody else's cannot be paid by hand here: nobody could say when it is"))
    }
    return try await pay(invoice, amount, from: payer, limit: nil, about: Question(purpose: "payment")).hex
  }

  /// Whoever pays, unless a person does.
  var payer: any Wallet { wallet ?? embeddedWallet }

  /// Pays within limits and budget, and never the same twice: money is set aside on disk before the wallet is asked, and
  /// a wallet that may have been asked before is asked what became of that first.
  ///
  /// - Returns: the preimage, which is the invoice's.
  func pay(
    _ invoice: Invoice, _ amount: Millisatoshi, from wallet: any Wallet, limit: Millisatoshi?,
    about question: Question
  ) async throws(ClientError) -> Preimage {
    let hash = Hex.encode(invoice.paymentHash)
    // Two runs may hold the same invoice: a lease has one open renewal at a time.
    let turn = try await state.turn(of: .payment, hash)
    defer { withExtendedLifetime(turn) {} }
    var mayHavePaid = try state.spendings().knows(hash)
    if mayHavePaid {
      switch try await earlierPayment(of: invoice, from: wallet) {
      case .paid(let preimage): return preimage
      case .unpaid: mayHavePaid = false
      case .unknown: break
      }
    }
    if let limit = limit ?? settings.limit, amount > limit { throw .overLimit(asked: amount, limit: limit) }
    guard !invoice.isExpired(at: now()) else { throw .badChallenge(.expired) }

    let budget = try state.budget(settings.budget)
    let most = wallet.routes ? settings.maxFee ?? Self.standardFee(of: amount) : .zero
    try await ask(amount, most, within: budget, about: question)
    guard !invoice.isExpired(at: now()) else { throw .badChallenge(.expired) }
    let moment = now()
    let fee = try state.changeSpendings { (spendings) throws(BudgetRefusal) in
      try spendings.reserve(amount, fee: most, for: hash, within: budget, at: moment)
    }
    tell(.paying(msat: amount.count, purpose: question.purpose))
    do throws(WalletError) {
      let payment = try await wallet.pay(invoice, maxFee: fee)
      let preimage = try Self.preimage(payment, of: invoice)
      try? state.changeSpendings { $0.confirm(hash, amount: amount + (payment.fee ?? fee)) }  // it stays set aside
      tell(.paid(msat: amount.count))
      return preimage
    } catch {
      switch error {
      case .declined, .unreachable:
        if !mayHavePaid {
          try state.changeSpendings { $0.giveBack(hash) }
        } else if case .unreachable(let words) = error {
          // A second attempt that is not made says nothing of the first.
          throw .wallet(.uncertain(words))
        }
      case .uncertain: break
      }
      throw .wallet(error)
    }
  }

  /// What a payment is for, as far as it is known before the amount is.
  struct Question: Sendable {
    var purpose: String
    var offer: String?
    var lease: String?
    /// Looked up only where somebody is asked.
    var lastsUntil: (@Sendable (Millisatoshi) async -> Instant?)?
  }

  /// Asks for leave, once the budget has said that it would do. Whoever pays by hand says so by paying.
  private func ask(
    _ amount: Millisatoshi, _ fee: Millisatoshi, within budget: Budget, about question: Question
  ) async throws(ClientError) {
    guard let approval = settings.approval, !settings.paysByHand else { return }
    var spendings = try state.spendings()
    let granted: Millisatoshi
    do throws(BudgetRefusal) {
      granted = try spendings.reserve(amount, fee: fee, for: "", within: budget, at: now())
    } catch {
      throw .overBudget(error)
    }
    let answer = await approval(
      PaymentQuestion(
        amount: amount, fee: granted, purpose: question.purpose, offer: question.offer, lease: question.lease,
        lastsUntil: await question.lastsUntil?(amount)))
    if case .refuse(let refusal) = answer { throw .notApproved(asked: amount, refusal) }
  }

  enum EarlierPayment {
    case paid(Preimage)
    /// Positively not.
    case unpaid
    /// The wallet does not say; paying again is safe.
    case unknown
  }

  /// What an earlier run's asking came to. Waits a while for a payment that is under way.
  func earlierPayment(of invoice: Invoice, from wallet: any Wallet) async throws(ClientError) -> EarlierPayment {
    let end = now() + settings.patience
    while true {
      do throws(WalletError) {
        switch try await wallet.outcome(of: invoice) {
        case .unpaid: return .unpaid
        case .unknown: return .unknown
        case .paid(let payment):
          let preimage = try Self.preimage(payment, of: invoice)
          try? confirm(invoice, payment)  // it stays set aside
          return .paid(preimage)
        case .pending: break
        }
      } catch {
        // Nothing is known of the earlier attempt, so that it must not be taken for one that was not made.
        if case .unreachable(let words) = error { throw .wallet(.uncertain(words)) }
        throw .wallet(error)
      }
      guard now() < end else { throw .wallet(.uncertain("the payment is still under way")) }
      try await pause(1)
    }
  }

  private func confirm(_ invoice: Invoice, _ payment: Payment) throws(ClientError) {
    guard let amount = invoice.amount else { return }
    try state.changeSpendings {
      $0.confirm(Hex.encode(invoice.paymentHash), amount: amount + (payment.fee ?? .zero))
    }
  }

  /// A wallet's word is held against the invoice.
  private static func preimage(_ payment: Payment, of invoice: Invoice) throws(WalletError) -> Preimage {
    guard let preimage = Preimage(payment.preimage), preimage.paymentHash.bytes.array == invoice.paymentHash
    else { throw .uncertain("the wallet's preimage is not that of the invoice") }
    return preimage
  }

  /// One in a hundred and ten satoshis.
  static func standardFee(of amount: Millisatoshi) -> Millisatoshi {
    Millisatoshi(amount.count / 100) + Millisatoshi(satoshis: 10)
  }

  /// A person with a wallet of their own: shown the invoice, and asked after at the payee until it has expired.
  func hand(_ payable: PayableChallenge) -> ManualWallet {
    ManualWallet { [self] invoice in
      tell(.payByHand(invoice: invoice.text, msat: payable.amount.count, expiresAt: invoice.expiresAt))
      while true {
        // Looked at after the time is up once more: it may have been paid in the last second.
        let isLast = invoice.isExpired(at: now())
        do throws(ClientError) {
          switch try await decision(on: payable.paymentHash.hex, with: payable.challenge.macaroon) {
          case .settled(let preimage): return preimage.bytes.array
          case .open, .accepted: break
          case .gone: return nil
          }
        } catch {
          // A server that is away for a moment does not end the waiting of somebody with a telephone in their hand.
          guard error.mayPass, !isLast else { throw error }
        }
        if isLast { return nil }
        try await pause(1)
      }
    }
  }

  private var embeddedWallet: EmbeddedWallet {
    EmbeddedWallet { [self] path, json in
      // With a hold invoice the answer comes when the provider has decided.
      let call = Call(
        .POST, path, body: .bytes(json, type: "application/json"), patience: .seconds(Self.decisionPatience.count))
      let response = try await transmit(call)
      return (Int(response.status.code), try await Self.bytes(of: response))
    }
  }
}

extension ClientError {
  /// Whether the same may go well a little later.
  public var mayPass: Bool {
    switch self {
    case .unreachable: true
    case .problem(let problem): problem.status >= 500 || problem.status == 429
    case .wallet(.uncertain), .wallet(.unreachable): true
    default: false
    }
  }
}
