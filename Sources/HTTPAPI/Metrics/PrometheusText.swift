/// Writes Prometheus' text format, version 0.0.4.
struct PrometheusText {
  static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private(set) var text = ""

  mutating func header(_ label: String, _ type: String, help: String? = nil) {
    if let help { text += "# HELP \(label) \(help)\n" }
    text += "# TYPE \(label) \(type)\n"
  }

  mutating func line(_ label: String, _ dimensions: String, _ value: Double) {
    text += dimensions.isEmpty ? "\(label) \(Self.number(value))\n" : "\(label){\(dimensions)} \(Self.number(value))\n"
  }

  mutating func gauge(_ label: String, _ help: String, _ value: Double) {
    header(label, "gauge", help: help)
    line(label, "", value)
  }

  mutating func gauges(_ label: String, _ help: String, _ values: [([(String, String)], Double)]) {
    guard !values.isEmpty else { return }
    header(label, "gauge", help: help)
    for (dimensions, value) in values { line(label, Self.dimensions(dimensions), value) }
  }

  mutating func histogram(_ label: String, _ dimensions: String, _ snapshot: PrometheusHistogram.Snapshot) {
    let more = dimensions.isEmpty ? "" : dimensions + ","
    var total = 0
    for (index, bound) in PrometheusHistogram.bounds.enumerated() {
      total += snapshot.counts[index]
      line(label + "_bucket", "\(more)le=\"\(Self.number(bound))\"", Double(total))
    }
    total += snapshot.counts[PrometheusHistogram.bounds.count]
    line(label + "_bucket", "\(more)le=\"+Inf\"", Double(total))
    line(label + "_sum", dimensions, snapshot.sum)
    line(label + "_count", dimensions, Double(total))
  }

  static func name(_ label: String, _ dimensions: [(String, String)]) -> PrometheusMetrics.Name {
    .init(label: sanitized(label), dimensions: self.dimensions(dimensions))
  }

  static func dimensions(_ dimensions: [(String, String)]) -> String {
    dimensions.map { "\(sanitized($0.0))=\"\(escaped($0.1))\"" }.sorted().joined(separator: ",")
  }

  private static func number(_ value: Double) -> String {
    Int64(exactly: value).map(String.init(_:)) ?? "\(value)"
  }

  private static func sanitized(_ name: String) -> String {
    String(
      name.enumerated().map { index, character in
        character.isASCII && (character.isLetter || character == "_" || (index > 0 && character.isNumber))
          ? character : "_"
      })
  }

  private static func escaped(_ value: String) -> String {
    var text = ""
    for character in value {
      switch character {
      case "\\": text += "\\\\"
      case "\"": text += "\\\""
      case "\n": text += "\\n"
      default: text.append(character)
      }
    }
    return text
  }
}
