/// A rule that a file does not keep.
struct Violation: Equatable, CustomStringConvertible {
  var file: String
  var line: Int
  var sentence: String

  var description: String { "\(file):\(line): \(sentence)" }
}
