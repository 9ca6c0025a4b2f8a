/// The functions and types of a file, with their lengths: enough for rules about size, and no parser.
struct Outline {
  struct Function: Equatable {
    var name: String
    var line: Int
    /// From the line of its name to that of its closing brace.
    var lines: Int
    /// The type or extension around it; empty at the file's level and inside of functions.
    var type: String
  }

  private(set) var functions: [Function] = []
  /// Every name that is declared, and its line.
  private(set) var declared: [(name: String, line: Int)] = []

  private struct Scope {
    enum Kind { case type(String), function(Int), other }
    var kind: Kind
  }

  init(_ source: SourceText) {
    let words = source.words
    // Words come in the order of the text: lines are counted along.
    var lines: [Int] = []
    var (line, passed) = (1, 0)
    for (offset, byte) in source.keeping(.code).utf8.enumerated() {
      while passed < words.count, words[passed].offset <= offset {
        lines.append(line)
        passed += 1
      }
      if byte == UInt8(ascii: "\n") { line += 1 }
    }
    var scopes: [Scope] = []
    // What the next opening brace begins.
    var coming: Scope.Kind?
    var parentheses = 0
    for (index, word) in words.enumerated() {
      let next = index + 1 < words.count ? words[index + 1] : nil
      let before = index > 0 ? words[index - 1].text : ""
      switch word.text {
      case "(", "[": parentheses += 1
      case ")", "]": parentheses -= 1
      case "{":
        scopes.append(Scope(kind: parentheses == 0 ? coming ?? .other : .other))
        if parentheses == 0 { coming = nil }
      case "}":
        if case .function(let place)? = scopes.popLast()?.kind {
          functions[place].lines = lines[index] - functions[place].line + 1
        }
      case "struct", "class", "enum", "protocol", "actor", "extension":
        guard before != ".", before != "(", before != ":", let next, next.text.first?.isLetter == true,
          !["func", "var", "let"].contains(next.text)
        else { continue }
        coming = .type(String(next.text))
        if word.text != "extension" { declare(next, lines[index]) }
      case "func", "init":
        guard before != ".", let next, word.text == "func" || ["(", "<", "?"].contains(next.text) else { continue }
        let name = word.text == "init" ? "init" : String(next.text)
        var type = ""
        if case .type(let around)? = scopes.last?.kind { type = around }
        coming = .function(functions.count)
        functions.append(Function(name: name, line: lines[index], lines: 1, type: type))
        if word.text == "func" { declare(next, lines[index]) }
      case "var", "let", "case", "typealias":
        guard before != ".", let next else { continue }
        if case .other? = scopes.last?.kind { continue }
        if case .function? = scopes.last?.kind { continue }
        declare(next, lines[index])
      default: break
      }
    }
  }

  private mutating func declare(_ word: SourceText.Word, _ line: Int) {
    guard word.text.first.map({ $0.isLetter || $0 == "_" }) == true, word.text != "_" else { return }
    declared.append((String(word.text), line))
  }
}
