import Foundation

/// One thing measured against its yardstick.
struct Figure: Codable, Sendable {
  var name: String
  var yardstick: String
  var unit: String
  /// Medians.
  var ours: Double
  var theirs: Double
  /// Median, least and greatest of the ratios ours / theirs, one for each round.
  var ratio: Double
  var least: Double
  var greatest: Double
  /// Rows, connections, durations.
  var note: String

  init(_ name: String, against yardstick: String, unit: String, ours: [Double], theirs: [Double], note: String) {
    let ratios = zip(ours, theirs).map { $0 / $1 }
    self.name = name
    self.yardstick = yardstick
    self.unit = unit
    self.ours = Self.median(ours)
    self.theirs = Self.median(theirs)
    ratio = Self.median(ratios)
    least = ratios.min() ?? .nan
    greatest = ratios.max() ?? .nan
    self.note = note
  }

  static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
  }

  /// The value below which so many of all lie.
  static func quantile(_ share: Double, of values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return .nan }
    return sorted[min(sorted.count - 1, Int(share * Double(sorted.count)))]
  }

  var line: String {
    func number(_ value: Double) -> String { String(format: value < 100 ? "%.3f" : "%.0f", value) }
    func padded(_ text: String, _ width: Int) -> String {
      text + String(repeating: " ", count: max(1, width - text.count))
    }
    return padded(name, 40) + padded(number(ours), 12) + padded(number(theirs), 12) + padded(unit, 7)
      + padded(String(format: "%.2f (%.2f–%.2f)", ratio, least, greatest), 22) + "\(yardstick); \(note)"
  }
}

struct Report: Codable, Sendable {
  var conditions: [String: String]
  var figures: [Figure]

  var heading: String {
    let conditions = conditions.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
    return conditions.joined(separator: " · ") + "\n"
      + "what                                    ours        yardstick   unit   ratio (least–greatest) yardstick; note"
  }
}

/// Runs the yardstick and then each contender, again and again, so that what else the machine does falls on all.
///
/// - Returns: a figure a round for each; the yardstick's first.
func alternating(
  _ rounds: Int, _ yardstick: @escaping () async throws -> Double, _ contenders: [() async throws -> Double]
) async throws -> [[Double]] {
  let all = [yardstick] + contenders
  var figures = Array(repeating: [Double](), count: all.count)
  for _ in 0..<rounds {
    for (index, measure) in all.enumerated() { figures[index].append(try await measure()) }
  }
  return figures
}
