/// A Swift file in which code, comments and string literals are told apart, so that a rule about one is not
/// answered by another. Bare regex literals are not known to it: the product has none.
struct SourceText {
  enum Part: Sendable { case code, comment, string }

  struct Word: Equatable {
    var text: Substring
    /// UTF-8 offset in the file.
    var offset: Int
    var end: Int { offset + text.utf8.count }
  }

  private let bytes: [UInt8]
  private var parts: [Part]

  init(_ text: String) {
    bytes = Array(text.utf8)
    parts = Array(repeating: .code, count: bytes.count)
    var index = 0
    scanCode(&index, untilParenthesis: false)
  }

  /// The text with everything but `part` blanked out; lines stay where they are.
  func keeping(_ part: Part) -> String {
    var kept = bytes
    for index in kept.indices where parts[index] != part && kept[index] != UInt8(ascii: "\n") {
      kept[index] = UInt8(ascii: " ")
    }
    return String(decoding: kept, as: UTF8.self)
  }

  func line(at offset: Int) -> Int {
    1 + bytes[..<offset].count { $0 == UInt8(ascii: "\n") }
  }

  /// The identifiers and punctuation marks of the code.
  var words: [Word] {
    let code = keeping(.code)
    var words: [Word] = []
    var start: String.Index?
    func close(at end: String.Index) {
      guard let from = start else { return }
      words.append(Word(text: code[from..<end], offset: code.utf8.distance(from: code.startIndex, to: from)))
      start = nil
    }
    for index in code.indices {
      let character = code[index]
      if character.isLetter || character.isNumber || character == "_" {
        if start == nil { start = index }
        continue
      }
      close(at: index)
      if !character.isWhitespace {
        start = index
        close(at: code.index(after: index))
      }
    }
    close(at: code.endIndex)
    return words
  }

  private func has(_ text: StaticString, at index: Int) -> Bool {
    guard index + text.utf8CodeUnitCount <= bytes.count else { return false }
    return text.withUTF8Buffer { $0.enumerated().allSatisfy { bytes[index + $0.offset] == $0.element } }
  }

  private mutating func mark(_ part: Part, _ count: Int, _ index: inout Int) {
    for place in index..<min(index + count, bytes.count) { parts[place] = part }
    index = min(index + count, bytes.count)
  }

  private mutating func scanCode(_ index: inout Int, untilParenthesis: Bool) {
    var depth = 0
    while index < bytes.count {
      if has("//", at: index) {
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { mark(.comment, 1, &index) }
      } else if has("/*", at: index) {
        scanBlockComment(&index)
      } else if let hashes = literal(at: index) {
        scanString(&index, hashes: hashes)
      } else {
        if has("(", at: index) { depth += 1 }
        if has(")", at: index) {
          depth -= 1
          if untilParenthesis && depth < 0 { return }
        }
        index += 1
      }
    }
  }

  private mutating func scanBlockComment(_ index: inout Int) {
    var depth = 0
    repeat {
      if has("/*", at: index) {
        depth += 1
        mark(.comment, 2, &index)
      } else if has("*/", at: index) {
        depth -= 1
        mark(.comment, 2, &index)
      } else {
        mark(.comment, 1, &index)
      }
    } while depth > 0 && index < bytes.count
  }

  /// The number of `#` before a string literal that begins here; nil where none begins.
  private func literal(at index: Int) -> Int? {
    var place = index
    while has("#", at: place) { place += 1 }
    return has("\"", at: place) ? place - index : nil
  }

  private mutating func scanString(_ index: inout Int, hashes: Int) {
    mark(.string, hashes, &index)
    let quotes = has("\"\"\"", at: index) ? 3 : 1
    mark(.string, quotes, &index)
    func followedByHashes(_ place: Int) -> Bool { (0..<hashes).allSatisfy { has("#", at: place + $0) } }
    while index < bytes.count {
      let closes = quotes == 3 ? has("\"\"\"", at: index) : has("\"", at: index)
      if closes && followedByHashes(index + quotes) {
        return mark(.string, quotes + hashes, &index)
      }
      if has("\\", at: index) && followedByHashes(index + 1) {
        mark(.string, 1 + hashes, &index)
        if has("(", at: index) {
          mark(.string, 1, &index)
          scanCode(&index, untilParenthesis: true)
        }
        mark(.string, 1, &index)
        continue
      }
      // A literal on one line that does not end there is not valid Swift; go on as code.
      if quotes == 1 && has("\n", at: index) { return }
      mark(.string, 1, &index)
    }
  }
}
