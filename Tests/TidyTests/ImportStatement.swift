/// An `import`, whatever stands before and after the word: attributes, an access level, a kind, a submodule.
struct ImportStatement: Equatable {
  var module: String
  var line: Int

  private static let kinds: Set<Substring> = [
    "actor", "class", "enum", "func", "let", "macro", "protocol", "struct", "typealias", "var",
  ]

  /// Every import of the code, in order; those inside `#if` too.
  static func all(in source: SourceText) -> [ImportStatement] {
    let words = source.words
    return words.indices.compactMap { index in
      guard words[index].text == "import", index + 1 < words.count else { return nil }
      // `.import`, `` `import` `` and `import:` are names, not the keyword.
      if index > 0, [".", "`"].contains(words[index - 1].text) { return nil }
      var next = index + 1
      if kinds.contains(words[next].text), next + 1 < words.count { next += 1 }
      guard words[next].text.first.map({ $0.isLetter || $0 == "_" || $0 == "`" }) == true else { return nil }
      if words[next].text == "`", next + 1 < words.count { next += 1 }
      return ImportStatement(module: String(words[next].text), line: source.line(at: words[index].offset))
    }
  }
}
