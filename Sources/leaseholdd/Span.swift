/// A span of time as people write it: `90s`, `15m`, `1h`, `7d`, `2d 12h`.
enum Span {
  private static let units: [(name: Character, seconds: Int64)] = [
    ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
  ]

  /// - Returns: `nil` for what is no span: every number has a unit, each unit stands once, larger ones first.
  static func seconds(_ text: String) -> Int64? {
    var sum: Int64 = 0
    var digits = ""
    var left = units[...]
    var isEmpty = true
    for character in text where character != " " {
      if ("0"..."9").contains(character) {
        digits.append(character)
        continue
      }
      guard let number = Int64(digits), let place = left.firstIndex(where: { $0.name == character }) else { return nil }
      let (product, overflow) = number.multipliedReportingOverflow(by: units[place].seconds)
      let (next, overflowed) = sum.addingReportingOverflow(product)
      guard !overflow, !overflowed else { return nil }
      sum = next
      left = units[(place + 1)...]
      digits = ""
      isEmpty = false
    }
    return digits.isEmpty && !isEmpty ? sum : nil
  }

  /// In whole units, the largest first, and at most two of them.
  static func text(_ seconds: Int64) -> String {
    guard seconds > 0 else { return "0s" }
    var rest = seconds
    var parts: [String] = []
    for unit in units.dropFirst() where rest >= unit.seconds {
      parts.append("\(rest / unit.seconds)\(unit.name)")
      rest %= unit.seconds
    }
    return parts.prefix(2).joined(separator: " ")
  }
}
