/// The rules, as functions of text alone, so that a test can also show that they fail.
struct TidyRules {
  var table: RoomTable

  static let longestFile = 600

  /// Holds one file of a room's folder against the rules of that room.
  func violations(room name: String, file: String, text: String) -> [Violation] {
    guard let room = table[name] else {
      return [Violation(file: file, line: 1, sentence: "\(name) is not in the table of rooms")]
    }
    var found = shape(file: file, text: text) + marks(file: file, text: text)
    guard file.hasSuffix(".swift") else { return found }
    let source = SourceText(text)
    let words = source.words
    found += imports(room, file: file, source: source)
    found += words.enumerated().compactMap { index, word in
      refusal(of: word, before: index + 1 < words.count ? words[index + 1] : nil, in: room).map {
        Violation(file: file, line: source.line(at: word.offset), sentence: $0)
      }
    }
    if room.kind != .testing { found += silences(file: file, source: source, words: words) }
    found += sleeps(room, file: file, source: source)
    found += defaults(room, file: file, source: source)
    if name == "Store" { found += clockInSQL(file: file, sql: source.keeping(.string)) }
    return found
  }

  /// A `Task.sleep` that is cancelled keeps its memory until its time is over: the daemon's rooms wait with `Deadlines`.
  private func sleeps(_ room: Room, file: String, source: SourceText) -> [Violation] {
    let theirs = ["Client", "Wallets", "leasehold"].contains(room.name) || room.kind == .testing
    // Neither cancels what it sleeps: both are one sleep for all who wait.
    let alone = ["Engine/Work/Deadlines.swift", "Postgres/Pool.swift"].contains(where: file.hasSuffix)
    guard !theirs, !alone else { return [] }
    let words = source.words
    return words.indices.dropLast(2).filter { words[$0...($0 + 2)].map(\.text) == ["Task", ".", "sleep"] }.map {
      Violation(
        file: file, line: source.line(at: words[$0].offset), sentence: "a cancelled Task.sleep stays: use Deadlines")
    }
  }

  /// Where a case more is something to think about, the compiler shows where: a `switch` names its cases.
  private func defaults(_ room: Room, file: String, source: SourceText) -> [Violation] {
    // Words of other releases, which are no enum.
    let openSets = ["Engine/Ports/EventWords.swift"]
    guard ["Leasing", "Engine"].contains(room.name), !openSets.contains(where: file.hasSuffix) else { return [] }
    let words = source.words
    // The label of an argument stands behind a comma or a parenthesis.
    return words.indices.dropFirst().dropLast().filter {
      words[$0].text == "default" && words[$0 + 1].text == ":" && ![",", "("].contains(words[$0 - 1].text)
    }.map {
      Violation(file: file, line: source.line(at: words[$0].offset), sentence: "a switch here names its cases")
    }
  }

  private func imports(_ room: Room, file: String, source: SourceText) -> [Violation] {
    let importable = table.importable(in: room)
    return ImportStatement.all(in: source).filter { !importable.contains($0.module) }.map {
      Violation(file: file, line: $0.line, sentence: "\(room.name) has no arrow to \($0.module)")
    }
  }

  private func refusal(of word: SourceText.Word, before next: SourceText.Word?, in room: Room) -> String? {
    let touching = next.flatMap { $0.offset == word.end ? $0.text : nil }
    if word.text == "fatalError", touching == "(" {
      return "a broken invariant is a precondition with a sentence; anything else is thrown"
    }
    if word.text == "try", touching == "!", room.kind != .testing { return "try! hides an error" }
    let timers = word.text.hasPrefix("DispatchSource") || ["makeTimerSource", "asyncAfter"].contains(word.text)
    if timers, room.name != "Scheduling", room.kind != .testing { return "Dispatch timers live in Scheduling" }
    return nil
  }

  /// An error that is swallowed has its reason beside it: on its line, or on the one before.
  private func silences(file: String, source: SourceText, words: [SourceText.Word]) -> [Violation] {
    let comments = source.keeping(.comment).split(separator: "\n", omittingEmptySubsequences: false)
    return words.indices.dropLast().compactMap { index in
      let (word, next) = (words[index], words[index + 1])
      guard word.text == "try", next.text == "?", next.offset == word.end else { return nil }
      let line = source.line(at: word.offset)
      let beside = comments[max(0, line - 2)..<min(line, comments.count)]
      if beside.contains(where: { $0.contains("//") }) { return nil }
      return Violation(file: file, line: line, sentence: "try? needs a reason beside it")
    }
  }

  /// What holds for every file, whatever is in it.
  func shape(file: String, text: String) -> [Violation] {
    var found: [Violation] = []
    let lines = text.utf8.count { $0 == UInt8(ascii: "\n") }
    if lines > Self.longestFile {
      found.append(Violation(file: file, line: lines, sentence: "over \(Self.longestFile) lines: this is two rooms"))
    }
    let name = file.split(separator: "/").last.map(String.init) ?? file
    for noun in ["Utils", "Util.", "Utilities", "Helper", "Manager", "Misc"] where name.contains(noun) {
      found.append(Violation(file: file, line: 1, sentence: "\(noun) says nothing: name the file after its type"))
    }
    return found
  }

  /// Marks left behind by work: notes to oneself and places that exist on one machine only.
  func marks(file: String, text: String) -> [Violation] {
    let places = ["home", "Users", "work", "farm", "opt/swift"].map { "/\($0)/" } + ["../sha" + "red"]
    let notes = ["TO" + "DO", "FIX" + "ME"]
    return text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
      places.filter { line.contains($0) }.map {
        Violation(file: file, line: index + 1, sentence: "\($0) leads out of the repository")
      }
        + notes.filter { line.contains($0) }.map {
          Violation(file: file, line: index + 1, sentence: "\($0): do it or write it into an issue")
        }
    }
  }

  /// SQL is told the time. `clock_timestamp()` stays allowed for comparing the database's clock with ours.
  func clockInSQL(file: String, sql: String) -> [Violation] {
    let clocks = [
      "now(", "current_timestamp", "current_date", "current_time", "localtimestamp", "localtime",
      "transaction_timestamp(", "statement_timestamp(",
    ]
    return sql.split(separator: "\n", omittingEmptySubsequences: false).enumerated().flatMap { index, line in
      let statement = line.split(separator: "--", omittingEmptySubsequences: false).first ?? ""
      let squeezed = statement.lowercased().replacing(" (", with: "(")
      return clocks.filter { clock in
        squeezed.ranges(of: clock).contains { range in
          range.lowerBound == squeezed.startIndex
            || !squeezed[squeezed.index(before: range.lowerBound)].continuesName
        }
      }.prefix(1).map {
        Violation(file: file, line: index + 1, sentence: "\($0) in SQL: the instant is a parameter")
      }
    }
  }
}

extension Character {
  fileprivate var continuesName: Bool { isLetter || isNumber || self == "_" }
}
