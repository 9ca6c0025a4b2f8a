import Wire

/// What meters cost, in units for people.
enum Measure {
  /// `2 sat / GiB h`: what is charged for one unit as people count; nil while the offer has no rate.
  static func price(_ meter: MeterDocument) -> String? {
    guard let msat = meter.priceMsat, meter.unit > 0 else { return nil }
    let (name, size) =
      switch meter.unitName {
      case "microsecond": ("core h", 3_600e6)
      case "byte_second": ("GiB h", 1_073_741_824.0 * 3_600)
      case "byte": ("GiB", 1_073_741_824.0)
      case "request": ("1,000 requests", 1_000.0)
      default: (meter.unitName, 1.0)
      }
    return "\(digits(Double(msat) / 1_000 * size / Double(meter.unit))) sat / \(name)"
  }

  /// Three digits that count, and no zeros behind a point. Not negative.
  static func digits(_ value: Double) -> String {
    guard value >= 0, value < 1e15 else { return "\(value)" }
    if value >= 100 || value == value.rounded() { return Human.grouped(UInt64(value.rounded())) }
    let scale = value >= 10 ? 10.0 : value >= 1 ? 100 : 1_000
    let whole = Int64((value * scale).rounded())
    var fraction = String(whole % Int64(scale) + Int64(scale)).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(whole / Int64(scale))" + (fraction.isEmpty ? "" : ".\(fraction)")
  }
}
