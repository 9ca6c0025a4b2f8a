import Leasing
import Logging
import Units

/// Prices in a currency: the rates they are reckoned at, and what is done while there is none.
///
/// Rates are read beside everything else, never while somebody waits. What is believed lies in the database: a restart
/// holds the next reading against it, the daemons' readings confirm one another, and the operator's word reaches all.
/// What was quoted keeps the rate it was quoted at, whatever becomes of this.
public final class Rates: Sendable {
  /// One for each currency that has a source.
  public let sources: [any ExchangeRateSource]
  private let known: ExchangeRates
  private let store: any Store
  private let clock: any WallClock
  private let health: Health
  private let log: Logger

  init(
    _ limits: [Currency: ExchangeRateLimits], sources: [any ExchangeRateSource], store: any Store,
    clock: any WallClock, health: Health, log: Logger
  ) {
    self.sources = sources
    self.store = store
    self.clock = clock
    self.health = health
    self.log = log
    known = ExchangeRates(limits, at: clock.now())
  }

  /// Reads one source and takes in what it says. A source that fails is said, counted, and asked again the next time;
  /// what other daemons have read meanwhile counts here too.
  public func read(_ source: any ExchangeRateSource) async throws {
    let currency = source.currency
    guard let limits = known.limits(of: currency) else { return }
    var reading: ExchangeRate?
    do throws(ExchangeRateError) {
      reading = try await source.read(at: clock.now())
      known.readingSucceeded(currency)
    } catch {
      if Task.isCancelled { return }
      known.readingFailed(currency, error.words)
      log.warning(
        "a rate could not be read",
        metadata: ["currency": "\(currency.rawValue)", "source": "\(error.source)", "error": "\(error.words)"])
    }
    let read = reading
    let (before, believed) = try await store.transaction { tx in
      let before = try tx.lockExchangeRate(currency)
      guard let read else { return (before, before) }
      var believed = before ?? BelievedRate(first: read)
      if before != nil { believed.take(read, limits) }
      if believed != before { try tx.setExchangeRate(believed) }
      return (before, believed)
    }
    if let believed { take(believed, after: before) }
    noteAbsences(at: clock.now())
  }

  private func take(_ believed: BelievedRate, after before: BelievedRate?) {
    known.learn(believed)
    if let doubt = believed.doubted, before?.doubted == nil {
      log.error(
        "a rate moved too far and is doubted",
        metadata: [
          "currency": "\(doubt.rate.currency.rawValue)", "source": "\(doubt.rate.source)",
          "per_bitcoin": "\(doubt.rate.perBitcoin)", "last_per_bitcoin": "\(believed.accepted.perBitcoin)",
        ])
    } else if believed.doubted == nil, before?.doubted != nil {
      log.info(
        "a rate is believed again",
        metadata: [
          "currency": "\(believed.accepted.currency.rawValue)", "source": "\(believed.accepted.source)",
          "per_bitcoin": "\(believed.accepted.perBitcoin)",
        ])
    }
  }

  /// The operator has looked: the doubted rate is the rate, for all daemons (for the others with their next reading).
  public func confirm(_ currency: Currency) async throws -> BelievedRate {
    let believed = try await store.transaction { tx -> BelievedRate in
      guard var believed = try tx.lockExchangeRate(currency), believed.confirm() else {
        throw Refusal.conflict(code: .nothingToConfirm, "no rate of \(currency.rawValue) is in doubt")
      }
      try tx.setExchangeRate(believed)
      return believed
    }
    known.learn(believed)
    log.info(
      "the operator confirmed a rate",
      metadata: ["currency": "\(currency.rawValue)", "per_bitcoin": "\(believed.accepted.perBitcoin)"])
    noteAbsences(at: clock.now())
    return believed
  }

  /// What was believed when the last daemon stopped.
  func prepare() async throws {
    let kept = try await store.transaction { tx in try tx.exchangeRates() }
    for believed in kept { known.learn(believed) }
    noteAbsences(at: clock.now())
  }

  // MARK: Quoting

  /// The terms with their price in bitcoin as of now. Terms in bitcoin are as they were, whatever becomes of any rate.
  ///
  /// - Throws: ``Refusal/noExchangeRate(retryAfter:_:)`` when there is no rate that may be quoted at.
  func priced(_ terms: Terms, at now: Instant) throws -> Terms {
    guard let fiat = terms.fiat else { return terms }
    let rate = try rate(of: fiat.currency, at: now)
    guard let priced = terms.priced(at: rate) else {
      throw Refusal.invalidField("offer", "its price does not fit")
    }
    return priced
  }

  /// The terms that a renewal is quoted at: at the rate of the invoice that is open for it, as long as that one is
  /// offered, and at today's otherwise.
  func renewed(_ terms: Terms, seeing open: InvoiceRecord?, at now: Instant) throws -> Terms {
    guard terms.fiat != nil else { return terms }
    if let open, open.isOffered(at: now), let renewed = terms.renewed(at: open.locked) { return renewed }
    return try priced(terms, at: now)
  }

  private func rate(of currency: Currency, at now: Instant) throws -> ExchangeRate {
    do throws(ExchangeRateTrouble) {
      return try known.rate(of: currency, at: now)
    } catch {
      known.refused(currency, error)
      let interval = max(1, known.limits(of: currency)?.interval.count ?? 60)
      let price = "the price is in \(currency.rawValue)"
      switch error {
      case .missing:
        throw Refusal.noExchangeRate(retryAfter: Int(min(interval, 60)), "\(price), and no rate is known yet")
      case .old:
        throw Refusal.noExchangeRate(retryAfter: Int(min(interval, 60)), "\(price), and the last rate known is too old")
      case .jumped(_, let confirmedAt):
        let wait = (confirmedAt.microseconds(since: now) + 999_999) / 1_000_000
        throw Refusal.noExchangeRate(
          retryAfter: Int(min(max(wait, interval), 3_600)),
          "\(price), and the rate has moved so far that it is to be confirmed first")
      }
    }
  }

  /// An offer with its price in bitcoin as of now, where it is in a currency and that has a rate.
  func asOfNow(_ offer: Offer) -> Offer {
    guard let currency = offer.terms.fiat?.currency else { return offer }
    var offer = offer
    do throws(ExchangeRateTrouble) {
      let rate = try known.rate(of: currency, at: clock.now())
      offer.terms = offer.terms.priced(at: rate) ?? offer.terms
    } catch {
      // Looking is no asking for a price: it is shown without, and not counted as refused.
    }
    return offer
  }

  /// How each currency stands, for the operator and for metrics.
  func view(at now: Instant) -> [ExchangeRateView] {
    known.view(at: now).map { view in
      var view = view
      if view.trouble != nil { view.sparedUntil = health.sparesForRate(of: view.currency) }
      return view
    }
  }

  // MARK: What the absence of a rate means for leases

  /// Who pays in a currency without a rate cannot pay, and is not suspended for it inside a stated window: as with a
  /// node that does not answer.
  func noteAbsences(at now: Instant) {
    for currency in known.currencies {
      do throws(ExchangeRateTrouble) {
        _ = try known.rate(of: currency, at: now)
        health.rateIsKnown(currency, at: now)
      } catch {
        health.rateIsMissing(currency, since: error.since, at: now)
      }
    }
  }

  /// Why this lease is spared although nobody has paid for it: its renewal has no price.
  func doubt(about lease: Lease, at now: Instant) -> String? {
    guard let currency = lease.terms.fiat?.currency else { return nil }
    // One that has lost its source, because nothing is offered in it any more.
    if known.limits(of: currency) == nil { health.rateIsMissing(currency, since: now, at: now) }
    guard let until = health.sparesForRate(of: currency), now < until else { return nil }
    return "there was no rate of \(currency.rawValue) to renew at"
  }
}
