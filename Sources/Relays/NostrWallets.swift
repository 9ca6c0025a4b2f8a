import Engine
import L402
import Nostr
import Units

/// Renters' wallets behind Nostr relays (Nostr Wallet Connect, NIP-47).
///
/// Only NIP-44 is spoken, and a wallet that does not say that it understands it is refused when it is named: NIP-04 is
/// deprecated and authenticates nothing.
public struct NostrWallets: RenterWallets {
  /// A wallet that pays over Lightning takes a while.
  private let paying: Duration
  private let looking: Duration
  private let relays: RelayClient
  private let clock: any WallClock

  /// - Parameters:
  ///   - paying: how long a wallet may take to pay.
  ///   - looking: how long it may take to say something.
  public init(
    _ relays: RelayClient, clock: any WallClock, paying: Duration = .seconds(30), looking: Duration = .seconds(10)
  ) {
    self.paying = paying
    self.looking = looking
    self.relays = relays
    self.clock = clock
  }

  public func outline(of uri: String) throws(WalletFault) -> WalletOutline {
    let connection = try read(uri)
    return WalletOutline(
      wallet: "\(connection.wallet)", relays: connection.relays.compactMap { RelayAddress($0)?.description })
  }

  private func read(_ uri: String) throws(WalletFault) -> WalletConnection {
    let connection: WalletConnection
    do throws(NostrFault) {
      connection = try WalletConnection(uri)
    } catch {
      switch error {
      case .badConnection(let words): throw WalletFault(.unfit, words)
      case .tooLong, .unknownVersion, .notForUs, .badEvent: throw WalletFault(.unfit, "it cannot be read")
      }
    }
    guard connection.relays.allSatisfy({ RelayAddress($0) != nil }) else {
      throw WalletFault(.unfit, "a relay is wss://name")
    }
    return connection
  }

  public func introduce(_ uri: String) async throws(WalletFault) {
    let connection = try read(uri)
    let filter = RelayFilter(kinds: [WalletInfo.kind], by: connection.wallet, limit: 1)
    let info: WalletInfo?
    do throws(RelayFault) {
      info = try await relays.ask(connection.relays, nil, awaiting: filter, within: looking) { event in
        // What is not this wallet's is no answer.
        do throws(NostrFault) { return try WalletInfo(event, of: connection) } catch { return nil }
      }
    } catch {
      throw WalletFault(.unreachable, "its relay gives no answer: \(error.words)")
    }
    guard let info else { throw WalletFault(.unfit, "the wallet says nothing of itself at its relay") }
    guard info.speaksOurEncryption else {
      throw WalletFault(.unfit, "the wallet speaks only NIP-04, which proves nothing: NIP-44 is needed")
    }
    let missing = ["pay_invoice", "lookup_invoice"].filter { !info.methods.contains($0) }
    guard missing.isEmpty else {
      throw WalletFault(.unfit, "the wallet does not do \(missing.joined(separator: " and "))")
    }
  }

  public func pay(_ invoice: String, from uri: String, until: Instant) async throws(WalletFault) -> WalletWord {
    try await ask(.payInvoice(invoice), of: uri, until: until, within: paying)
  }

  public func lookUp(_ paymentHash: PaymentHash, in uri: String) async throws(WalletFault) -> WalletWord {
    try await ask(
      .lookupInvoice(paymentHash: paymentHash.hex), of: uri, until: clock.now() + 30, within: looking)
  }

  private func ask(
    _ request: WalletRequest, of uri: String, until: Instant, within limit: Duration
  ) async throws(WalletFault) -> WalletWord {
    let connection = try read(uri)
    let event: NostrEvent
    do throws(NostrFault) {
      event = try request.event(to: connection, at: clock.now().unixSeconds, until: until.unixSeconds)
    } catch {
      throw WalletFault(.unfit, "the request cannot be sealed")
    }
    let filter = RelayFilter(kinds: [WalletAnswer.kind], by: connection.wallet, answering: event)
    let answer: WalletAnswer?
    do throws(RelayFault) {
      answer = try await relays.ask(connection.relays, event, awaiting: filter, within: limit) { reply in
        // What is not this wallet's answer to this very request is none.
        do throws(NostrFault) { return try WalletAnswer(reply, to: event, of: connection) } catch { return nil }
      }
    } catch {
      switch error.kind {
      case .notSent: throw WalletFault(.unreachable, "its relay cannot be asked: \(error.words)")
      case .unanswered: throw WalletFault(.silent, "the wallet does not answer: \(error.words)")
      }
    }
    guard let answer else { throw WalletFault(.silent, "the wallet does not answer") }
    return WalletWord(answer)
  }
}

extension WalletWord {
  fileprivate init(_ answer: WalletAnswer) {
    switch answer {
    case .paid: self = .paid
    case .found(let payment):
      switch payment.state {
      case "settled": self = .paid
      case "failed", "expired": self = .failed("the wallet's payment has \(payment.state ?? "failed")")
      case "pending", "accepted": self = .pending
      // Before states were said, a preimage or the moment of settling said it.
      case nil where payment.preimage != nil: self = .paid
      default: self = .pending
      }
    case .methods: self = .unclear("the wallet answers something else")
    case .refused(let refusal):
      let words =
        "the wallet says \(refusal.code.rawValue)"
        + (refusal.words.isEmpty ? "" : ": \(RelayFault.plain(refusal.words))")
      switch refusal.code {
      case .notFound: self = .unknown
      case .paymentFailed: self = .unclear(words)
      case .rateLimited, .notImplemented, .insufficientBalance, .quotaExceeded, .restricted, .unauthorized,
        .unsupportedEncryption, .internal, .other:
        self = refusal.code.saysThatNothingWasPaid ? .refused(words) : .unclear(words)
      }
    }
  }
}
