/// Moments in words: RFC 3339 in UTC with microseconds, `2026-11-22T18:00:00.123456Z`.
extension Instant {
  /// The first and the last moment that RFC 3339's four-digit years can name. Others are written as these.
  public static let earliestNamed = Instant(microseconds: -62_167_219_200_000_000)
  public static let latestNamed = Instant(microseconds: 253_402_300_799_999_999)

  /// Fraction digits are left out when there is no fraction, so that what people write by hand comes back as they wrote
  /// it; otherwise all six stand, because a moment is compared as text by some.
  public var rfc3339: String {
    var text: [UInt8] = []
    text.reserveCapacity(27)
    appendRFC3339(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// The same, for who writes bytes.
  public func appendRFC3339(to text: inout [UInt8]) {
    let clamped = min(max(self, Self.earliestNamed), Self.latestNamed).microseconds
    let (day, rest) = CivilDate.floorDivide(clamped, by: 86_400_000_000)
    let date = CivilDate(day: day)
    let seconds = rest / 1_000_000
    Self.write(date.year, digits: 4, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.write(date.month, digits: 2, to: &text)
    text.append(UInt8(ascii: "-"))
    Self.write(date.day, digits: 2, to: &text)
    text.append(UInt8(ascii: "T"))
    Self.write(seconds / 3_600, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.write(seconds / 60 % 60, digits: 2, to: &text)
    text.append(UInt8(ascii: ":"))
    Self.write(seconds % 60, digits: 2, to: &text)
    if rest % 1_000_000 != 0 {
      text.append(UInt8(ascii: "."))
      Self.write(rest % 1_000_000, digits: 6, to: &text)
    }
    text.append(UInt8(ascii: "Z"))
  }

  /// Reads RFC 3339 §5.6: any offset, a fraction of any length (what is finer than a microsecond is cut off), `T` and
  /// `Z` in either case. A leap second is the second after it. `nil` for anything else.
  public init?(rfc3339 text: some StringProtocol) {
    var digits = Digits(Array(text.utf8))
    guard let year = digits.take(4), digits.take("-"), let month = digits.take(2), digits.take("-"),
      let day = digits.take(2), digits.take("T") || digits.take("t"), let hour = digits.take(2), digits.take(":"),
      let minute = digits.take(2), digits.take(":"), let second = digits.take(2),
      (1...12).contains(month), day >= 1, day <= CivilDate.daysInMonth(year, month), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    var fraction: Int64 = 0
    if digits.take(".") {
      guard let value = digits.takeFraction() else { return nil }
      fraction = value
    }
    var offset: Int64 = 0
    if !(digits.take("Z") || digits.take("z")) {
      let sign: Int64
      if digits.take("+") { sign = 1 } else if digits.take("-") { sign = -1 } else { return nil }
      guard let hours = digits.take(2), digits.take(":"), let minutes = digits.take(2), hours < 24, minutes < 60
      else { return nil }
      offset = sign * (hours * 3_600 + minutes * 60)
    }
    guard digits.isAtEnd else { return nil }
    let seconds =
      CivilDate(year: year, month: month, day: day).daysSince1970 * 86_400 + hour * 3_600 + minute * 60 + second
      - offset
    self.init(microseconds: seconds * 1_000_000 + fraction)
  }

  private static func write(_ value: Int64, digits: Int, to text: inout [UInt8]) {
    var divisor: Int64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      text.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }
}

private struct Digits {
  private let bytes: [UInt8]
  private var offset = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { offset == bytes.count }

  mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard offset < bytes.count, UInt32(bytes[offset]) == character.value else { return false }
    offset += 1
    return true
  }

  private mutating func digit() -> Int64? {
    guard offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 else { return nil }
    defer { offset += 1 }
    return Int64(bytes[offset] - 0x30)
  }

  mutating func take(_ count: Int) -> Int64? {
    var value: Int64 = 0
    for _ in 0..<count {
      guard let digit = digit() else { return nil }
      value = value * 10 + digit
    }
    return value
  }

  mutating func takeFraction() -> Int64? {
    guard let first = digit() else { return nil }
    var value = first * 100_000
    var unit: Int64 = 10_000
    while let digit = digit() {
      value += digit * unit
      unit /= 10
    }
    return value
  }
}
