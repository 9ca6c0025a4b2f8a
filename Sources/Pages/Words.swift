import Text

/// Everything that the pages say, in every language: a table in files of its own.
///
/// A line with a key, then a line for each language: `en` or `de`, a blank, the text. `{name}` is a place for a value.
public struct Words: Sendable {
  struct Fault: Error, Hashable {
    var line: Int
    var words: String
  }

  static let codes = ["en", "de"]
  static let table = PackageResources.words_txt + PackageResources.lease_txt
  /// By language, then by key.
  let texts: [String: [String: String]]

  init(_ bytes: [UInt8]) throws(Fault) {
    var texts: [String: [String: String]] = [:]
    var key = ""
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() where !line.isEmpty && line.first != "#" {
      guard line.first == " " else {
        key = String(line)
        continue
      }
      let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, Self.codes.contains(String(parts[0])) else {
        throw Fault(line: index + 1, words: "a language and a text")
      }
      guard texts[String(parts[0]), default: [:]].updateValue(String(parts[1]), forKey: key) == nil else {
        throw Fault(line: index + 1, words: "\(key) stands there twice")
      }
    }
    self.texts = texts
  }

  /// The first language that the browser's reader wants and that is here (RFC 9110 §12.5.4); English without one.
  func language(_ accepted: String?) -> Language {
    var best: (code: String, quality: Double)?
    for part in (accepted ?? "").prefix(1_000).split(separator: ",") {
      let fields = part.split(separator: ";").map { $0.filter { $0 != " " } }
      guard let tag = fields.first?.lowercased() else { continue }
      let quality = fields.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
      let code = Self.codes.first { tag == $0 || tag.hasPrefix($0 + "-") }
      if let code, quality > 0, quality > best?.quality ?? 0 { best = (code, quality) }
    }
    let code = best?.code ?? "en"
    return Language(code: code, texts: texts[code] ?? [:])
  }

  struct Language: Sendable {
    let code: String
    let texts: [String: String]

    /// The key itself where there is no text, which a test does not let pass.
    subscript(key: String) -> String { texts[key] ?? key }

    func say(_ key: String, _ values: [String: String]) -> String {
      values.reduce(self[key]) { $0.replacing("{\($1.key)}", with: $1.value) }
    }

    /// What scripts say, as JSON that may stand in HTML.
    var script: String {
      let rules = JSONString.Rules(escapesMarkup: true)
      let pairs = texts.filter { $0.key.hasPrefix("js_") }.sorted { $0.key < $1.key }.map {
        JSONString.quoted($0.key, rules) + ":" + JSONString.quoted($0.value, rules)
      }
      return "{" + pairs.joined(separator: ",") + "}"
    }
  }
}

// MARK: Amounts and spans

extension Words.Language {
  /// With a narrow blank between thousands, as both languages can be read.
  func number(_ value: Int64) -> String {
    let digits = String(value.magnitude)
    var text = ""
    for (index, digit) in digits.enumerated() {
      if index > 0, (digits.count - index) % 3 == 0 { text += "\u{202F}" }
      text.append(digit)
    }
    return (value < 0 ? "−" : "") + text
  }

  /// Two digits behind the point at the most, none that say nothing.
  func hundredths(_ hundredths: Int64) -> String {
    let (whole, rest) = hundredths.quotientAndRemainder(dividingBy: 100)
    if rest == 0 { return number(whole) }
    return number(whole) + self["decimal_point"]
      + (rest % 10 == 0 ? "\(rest / 10)" : "\(rest < 10 ? "0" : "")\(rest)")
  }

  func bytes(_ count: Int64) -> String {
    for (unit, shift) in [("TiB", Int64(40)), ("GiB", 30), ("MiB", 20), ("KiB", 10)] where count >= 1 << shift {
      let (whole, rest) = count.quotientAndRemainder(dividingBy: 1 << shift)
      return "\(hundredths(whole * 100 + (rest >> (shift - 10)) * 100 / 1_024)) \(unit)"
    }
    return "\(count) B"
  }

  func cores(_ millis: Int64) -> String {
    "\(hundredths(millis / 10)) \(self[millis == 1_000 ? "core" : "cores"])"
  }

  /// `2 hours`, and `hour` or `1 hour`, as it is wanted.
  func span(_ seconds: Int64, saysOne: Bool) -> String {
    let units = [("day", Int64(86_400)), ("hour", 3_600), ("minute", 60), ("second", 1)]
    let (unit, length) = units.first { seconds >= $0.1 && seconds % $0.1 == 0 } ?? ("second", 1)
    let count = seconds / length
    if count == 1 { return saysOne ? "1 " + self[unit] : self[unit] }
    return "\(number(count)) " + self[unit + "s"]
  }
}
