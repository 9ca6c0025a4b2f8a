import Engine
import Leasing

/// What somebody has filled in to rent something.
struct Wish: Sendable {
  /// The fields that are the wish: sent again to redeem it.
  static let fields = ["periods", "image", "command", "env", "restart"]

  var request: LeaseRequest
  /// Visible characters, at least 22: the same form sent again is the same order.
  var key: String

  /// - Throws: `Refusal.invalidField`.
  init(offer: String, _ form: Form) throws(Refusal) {
    guard let periods = Int64(form["periods"] ?? "1"), periods >= 1 else { throw .invalidField("periods", "1 or more") }
    var restart: RestartPolicy?
    if let word = form["restart"], word != RestartPolicy.never.rawValue {
      guard let policy = RestartPolicy(rawValue: word) else { throw .invalidField("restart", "is none of ours") }
      restart = policy
    }
    request = LeaseRequest(
      offer: offer, periods: periods, image: form["image"], command: try Self.arguments(form["command"] ?? ""),
      environment: try Self.environment(form["env"] ?? ""), restart: restart)
    let key = form["key"] ?? ""
    guard (22...64).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw .invalidField("key", "load the form again")
    }
    self.key = key
  }

  /// A line as a shell would part it: quotes hold blanks, a backslash the character behind it.
  ///
  /// - Throws: `Refusal.invalidField`, also for more than a command may be, before all of it is parted.
  static func arguments(_ line: String) throws(Refusal) -> [String] {
    let tooMuch = Refusal.invalidField("command", "at most \(LeaseRequest.mostWords) words and 64 KiB")
    guard line.utf8.count <= LeaseRequest.longestCommand else { throw tooMuch }
    var (words, word, quote): ([String], String?, Character?) = ([], nil, nil)
    var rest = line[...]
    // In place: a word is as long as who sends it likes.
    func add(_ character: Character) {
      if word == nil { word = "" }
      word?.append(character)
    }
    while let character = rest.popFirst() {
      switch character {
      case "\\" where quote != "'":
        guard let next = rest.popFirst() else { throw .invalidField("command", "ends in a backslash") }
        add(next)
      case "'", "\"":
        if quote == nil {
          (quote, word) = (character, word ?? "")
        } else if quote == character {
          quote = nil
        } else {
          add(character)
        }
      case _ where character.isWhitespace && quote == nil:
        if let ended = word { words.append(ended) }
        guard words.count <= LeaseRequest.mostWords else { throw tooMuch }
        word = nil
      default: add(character)
      }
    }
    guard quote == nil else { throw .invalidField("command", "a quote is not closed") }
    return words + (word.map { [$0] } ?? [])
  }

  /// A variable in each line: `NAME=value`.
  static func environment(_ text: String) throws(Refusal) -> [String: String] {
    var variables: [String: String] = [:]
    for line in text.split(whereSeparator: \.isNewline) where !line.allSatisfy(\.isWhitespace) {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty else { throw .invalidField("env", "NAME=value in each line") }
      variables[String(parts[0])] = String(parts[1])
    }
    return variables
  }
}
