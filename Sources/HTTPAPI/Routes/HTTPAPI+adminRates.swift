import Engine
import HTTPTypes
import Hummingbird
import Units
import Wire

extension HTTPAPI {
  /// For the operator, whose token is asked for where these are put together.
  var rateEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/admin/v1/exchange-rates/{currency}/confirm") { exchange in
        guard let currency = Currency(rawValue: exchange.parameter("currency")) else {
          throw Problem.invalid("currency", "one of: \(Currency.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return .json(ExchangeRateDocument(try await engine.doubts.rates.confirm(currency).accepted))
      }
    ]
  }
}
