import Engine
import ExchangeRates
import Leasing
import Units
import Wire

extension Configuration {
  /// Where the rate of one currency is read, and how far it is believed.
  struct ExchangeRateEntry: Sendable {
    var currency: Currency
    var place: RateReader.Place
    var pointer: JSONPointer?
    var name: String?
    var limits: ExchangeRateLimits

    var source: RateReader { RateReader(currency, from: place, at: pointer, name: name) }
  }
}

extension Configuration.ExchangeRateEntry {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow(
      "currency", "url", "file", "pointer", "name", "interval_seconds", "maximum_age_seconds", "maximum_step_percent",
      "confirm_seconds")
    currency = try Currency(yaml["currency"])
    let (url, file) = (yaml["url"], yaml["file"])
    switch (url.exists, file.exists) {
    case (true, false):
      let text = try url.string()
      do throws(RateAddress.Fault) {
        place = .address(try RateAddress(text))
      } catch {
        throw url.fault("\(error)")
      }
    case (false, true):
      let path = try file.string()
      guard path.hasPrefix("/") else { throw file.fault("expected an absolute path") }
      place = .file(path)
    default:
      throw yaml.fault("either url or file")
    }
    if let text = try yaml["pointer"].optionalString() {
      guard let pointer = JSONPointer(text) else {
        throw yaml["pointer"].fault("expected a JSON pointer: /result/price, with ~1 for a slash inside a name")
      }
      self.pointer = pointer
    }
    name = try yaml["name"].optionalString()
    if let name, !(1...64).contains(name.utf8.count) || !name.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) {
      throw yaml["name"].fault("1 to 64 printable characters without spaces; renters see it")
    }
    limits = ExchangeRateLimits(
      maximumAge: Seconds(try yaml.duration("maximum_age", in: 10...86_400, default: 600)),
      maximumStepPercent: try yaml["maximum_step_percent"].integer(in: 1...100, default: 10),
      confirmation: Seconds(try yaml.duration("confirm", in: 0...86_400, default: 300)),
      interval: Seconds(try yaml.duration("interval", in: 1...3_600, default: 60)))
    guard limits.interval <= limits.maximumAge else {
      throw yaml.place(ofDuration: "interval").fault(
        "a rate is too old after maximum_age (\(Span.text(limits.maximumAge.count))): read it more often")
    }
  }
}

extension Currency {
  init(_ yaml: YAMLReader) throws {
    let code = try yaml.string()
    guard let currency = Currency(rawValue: code) else {
      throw yaml.fault("one of: \(Currency.allCases.map(\.rawValue).joined(separator: ", ")); found '\(code)'")
    }
    self = currency
  }
}

extension FiatPrice {
  /// `price: {amount, currency, deposit}`.
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("amount", "currency", "deposit")
    self.init(
      try Currency(yaml["currency"]), price: try yaml["amount"].decimal(),
      deposit: yaml["deposit"].exists ? try yaml["deposit"].decimal() : .zero)
    guard price > .zero || deposit > .zero else { throw yaml.fault("an offer without a price needs a deposit") }
  }
}

extension YAMLReader {
  /// An amount of a currency: `4.99`.
  func decimal() throws -> FixedDecimal {
    let text = try string()
    do throws(FixedDecimal.Fault) {
      let number = try FixedDecimal(text)
      guard number <= YAMLReader.highestAmount else { throw .tooLarge }
      return number
    } catch {
      throw fault("expected an amount, such as 4.99; '\(text.prefix(40))' \(error.rawValue)")
    }
  }

  /// A thousand million of any currency.
  private static let highestAmount = FixedDecimal(hundredMillionths: 100_000_000_000_000_000)
}
