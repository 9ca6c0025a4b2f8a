import Synchronization
import Units

/// What this daemon knows of rates: a quote waits for no source and no database.
final class ExchangeRates: Sendable {
  private struct Book {
    var limits: ExchangeRateLimits
    var believed: BelievedRate?
    var failedReads = 0
    var lastFailure: String?
    var refusals: [ExchangeRateTrouble.Name: Int] = [:]
  }

  private let started: Instant
  private let books: Mutex<[Currency: Book]>

  init(_ limits: [Currency: ExchangeRateLimits], at now: Instant) {
    started = now
    books = Mutex(limits.mapValues { Book(limits: $0) })
  }

  var currencies: [Currency] { books.withLock { $0.keys.sorted { $0.rawValue < $1.rawValue } } }

  func limits(of currency: Currency) -> ExchangeRateLimits? { books.withLock { $0[currency]?.limits } }

  /// What the database has.
  func learn(_ believed: BelievedRate) {
    books.withLock {
      let currency = believed.accepted.currency
      $0[currency]?.believed = believed
    }
  }

  func readingFailed(_ currency: Currency, _ words: String) {
    books.withLock {
      $0[currency]?.failedReads += 1
      $0[currency]?.lastFailure = words
    }
  }

  func readingSucceeded(_ currency: Currency) {
    books.withLock { $0[currency]?.lastFailure = nil }
  }

  func refused(_ currency: Currency, _ trouble: ExchangeRateTrouble) {
    books.withLock { $0[currency]?.refusals[trouble.name, default: 0] += 1 }
  }

  /// The rate to quote at, or what stands against it. A currency that nobody reads is missing.
  func rate(of currency: Currency, at now: Instant) throws(ExchangeRateTrouble) -> ExchangeRate {
    guard let book = books.withLock({ $0[currency] }), let believed = book.believed else {
      throw .missing(since: started)
    }
    return try believed.rate(at: now, book.limits)
  }

  func view(at now: Instant) -> [ExchangeRateView] {
    books.withLock { books in
      books.map { currency, book in
        var trouble: ExchangeRateTrouble?
        do throws(ExchangeRateTrouble) {
          guard let believed = book.believed else { throw .missing(since: started) }
          _ = try believed.rate(at: now, book.limits)
        } catch {
          trouble = error
        }
        return ExchangeRateView(
          currency: currency, believed: book.believed, trouble: trouble, failedReads: book.failedReads,
          lastFailure: book.lastFailure, refusals: book.refusals)
      }.sorted { $0.currency.rawValue < $1.currency.rawValue }
    }
  }
}

/// How a currency's rate stands, for the operator and for metrics.
public struct ExchangeRateView: Sendable {
  public var currency: Currency
  /// `nil`: none was ever read.
  public var believed: BelievedRate?
  /// Why nothing is quoted in it; `nil`: it is.
  public var trouble: ExchangeRateTrouble?
  /// Since this daemon started.
  public var failedReads: Int
  /// Why the last reading failed; `nil`: it did not.
  public var lastFailure: String?
  /// Quotes refused by this daemon, by ``ExchangeRateTrouble/name``.
  public var refusals: [ExchangeRateTrouble.Name: Int]
  /// Until when nobody is suspended for it, while that is ahead.
  public var sparedUntil: Instant?
}
