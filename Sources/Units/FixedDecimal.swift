/// A number that is not negative, exact to eight decimal places: a price in a currency, or what a bitcoin costs in it.
///
/// It is read from its digits, never through a floating-point number, and holds up to 92,233,720,368.
public struct FixedDecimal: Hashable, Comparable, Sendable {
  /// How many hundred-millionths it is; never negative.
  public let hundredMillionths: Int64

  /// - Precondition: not negative.
  public init(hundredMillionths: Int64) {
    precondition(hundredMillionths >= 0, "a price is not negative")
    self.hundredMillionths = hundredMillionths
  }

  public static let zero = FixedDecimal(hundredMillionths: 0)

  public static func < (a: FixedDecimal, b: FixedDecimal) -> Bool { a.hundredMillionths < b.hundredMillionths }

  /// Why a text is no such number.
  public enum Fault: String, Error, Hashable, Sendable {
    case notANumber = "is not a number"
    case negative = "is negative"
    case tooLarge = "is too large"
    case tooFine = "has more than eight decimal places"
  }

  /// As a provider writes a price: digits, and perhaps a point and digits.
  ///
  /// - Throws: ``Fault/tooFine`` for what is not zero behind the eighth place.
  public init(_ text: some StringProtocol) throws(Fault) {
    let (number, isExact) = try FixedDecimal.read(text)
    guard isExact else { throw .tooFine }
    self = number
  }

  /// As a source of rates writes it, which may be with an exponent, as in JSON. What stands behind the eighth decimal
  /// place is dropped: services that reckon in floating point write a dozen places, of which the last say nothing.
  public init(roundingDown text: some StringProtocol) throws(Fault) {
    self = try FixedDecimal.read(text).number
  }

  /// The longest text that is looked at.
  private static let longest = 64

  /// `-? digits (. digits)? ((e|E) (+|-)? digits)?`, as in JSON, and leading zeros. Every step is bounded, so that no
  /// exponent costs more than its digits.
  private static func read(_ text: some StringProtocol) throws(Fault) -> (number: FixedDecimal, isExact: Bool) {
    var rest = Array(text.utf8.prefix(longest + 1))[...]
    guard rest.count <= longest else { throw .notANumber }
    func digits() -> [UInt8] {
      let run = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.map { $0 - 0x30 }
      rest = rest.dropFirst(run.count)
      return run
    }
    func take(_ bytes: UInt8...) -> UInt8? {
      guard let first = rest.first, bytes.contains(first) else { return nil }
      rest = rest.dropFirst()
      return first
    }
    let isNegative = take(UInt8(ascii: "-")) != nil
    let whole = digits()
    guard !whole.isEmpty else { throw .notANumber }
    var fraction: [UInt8] = []
    if take(UInt8(ascii: ".")) != nil {
      fraction = digits()
      guard !fraction.isEmpty else { throw .notANumber }
    }
    var exponent = 0
    if take(UInt8(ascii: "e"), UInt8(ascii: "E")) != nil {
      let isBehind = take(UInt8(ascii: "+"), UInt8(ascii: "-")) == UInt8(ascii: "-")
      let power = digits()
      guard !power.isEmpty else { throw .notANumber }
      // A thousand is beyond everything that its digits could bring back.
      exponent = power.reduce(0) { min($0 * 10 + Int($1), 1_000) } * (isBehind ? -1 : 1)
    }
    guard rest.isEmpty else { throw .notANumber }
    let all = whole + fraction
    guard all.contains(where: { $0 != 0 }) else { return (.zero, true) }
    guard !isNegative else { throw .negative }
    // So many of the digits stand before the ninth decimal place.
    let kept = whole.count + exponent + 8
    var count: Int64 = 0
    for place in 0..<max(0, min(kept, all.count + 20)) {
      let (tens, overflow) = count.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(place < all.count ? Int64(all[place]) : 0)
      guard !overflow, !carry else { throw .tooLarge }
      count = sum
    }
    // A number that is not zero and has places beyond those gone through would have overflowed.
    guard kept <= all.count + 20 else { throw .tooLarge }
    let dropped = all.dropFirst(max(0, kept))
    return (FixedDecimal(hundredMillionths: count), dropped.allSatisfy { $0 == 0 })
  }
}

extension FixedDecimal: CustomStringConvertible, Codable {
  /// Digits, and a point and digits where it is not whole: `97123.45`.
  public var description: String {
    let (whole, rest) = hundredMillionths.quotientAndRemainder(dividingBy: 100_000_000)
    guard rest > 0 else { return "\(whole)" }
    var places = String(100_000_000 + rest).dropFirst()
    while places.last == "0" { places.removeLast() }
    return "\(whole).\(places)"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    do throws(Fault) {
      try self.init(text)
    } catch {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.rawValue)
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
