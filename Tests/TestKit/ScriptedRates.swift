import Engine
import Synchronization
import Units

/// Says the rates it is told to say, or fails.
public final class ScriptedRates: ExchangeRateSource {
  public let currency: Currency
  public let name: String
  private let rate: Mutex<String?>

  /// - Parameter perBitcoin: `nil`: it fails.
  public init(_ perBitcoin: String?, of currency: Currency = .usd, name: String = "rates.test") {
    self.currency = currency
    self.name = name
    rate = Mutex(perBitcoin)
  }

  public func say(_ perBitcoin: String?) {
    rate.withLock { $0 = perBitcoin }
  }

  public func read(at now: Instant) async throws(ExchangeRateError) -> ExchangeRate {
    guard let text = rate.withLock({ $0 }) else { throw ExchangeRateError(name, "does not answer") }
    do throws(FixedDecimal.Fault) {
      let number = try FixedDecimal(roundingDown: text)
      guard let rate = ExchangeRate(currency, perBitcoin: number, source: name, readAt: now) else {
        throw .tooLarge
      }
      return rate
    } catch {
      throw ExchangeRateError(name, error.rawValue)
    }
  }
}
