import Testing

@testable import Pages

@Suite struct WordsTests {
  let words: Words

  init() throws { words = try Words(Words.table) }

  @Test func everyTextIsThereInEveryLanguage() {
    let keys = Words.codes.map { Set(words.texts[$0]?.keys.map { $0 } ?? []) }
    #expect(keys.allSatisfy { $0 == keys[0] && $0.count > 100 })
    // The same places for values.
    for key in keys[0] {
      let places = Words.codes.map { code in
        (words.texts[code]?[key] ?? "").matches(of: /\{([a-z]+)\}/).map { String($0.1) }.sorted()
      }
      #expect(places.allSatisfy { $0 == places[0] }, "\(key)")
    }
  }

  @Test func whatTemplatesAndScriptsSayIsInTheTable() {
    let templates = Templates.files.map { String(decoding: $0.1, as: UTF8.self) }.joined()
    let scripts = Assets.scripts.map { String(decoding: $0.1, as: UTF8.self) }.joined()
    let english = words.texts["en"] ?? [:]
    for key in templates.matches(of: /\{\{t\.([a-z_]+)\}\}/).map({ String($0.1) }) {
      #expect(english[key] != nil, "\(key)")
    }
    let said = Set(scripts.matches(of: /"(js_[a-z_]+)"/).map { String($0.1) })
    #expect(said.count > 20)
    for key in said { #expect(english[key] != nil, "\(key)") }
    for key in english.keys where key.hasPrefix("js_") {
      #expect(said.contains(key) || templates.contains("t.\(key)"), "nobody says \(key)")
    }
  }

  @Test(arguments: [
    (nil, "en"), ("de", "de"), ("de-AT,en;q=0.8", "de"), ("fr,en;q=0.4,de;q=0.9", "de"), ("de;q=0,en", "en"),
    ("fr", "en"), ("*", "en"), (";;q=,", "en"), ("DE-de", "de"),
  ])
  func theReadersLanguageIsTaken(accepted: String?, code: String) {
    #expect(words.language(accepted).code == code)
  }

  @Test func whatIsNoTableIsRefusedByItsLine() {
    #expect(throws: Words.Fault(line: 2, words: "a language and a text")) { try Words(Array("key\n  fr Non\n".utf8)) }
    #expect(throws: Words.Fault(line: 3, words: "key stands there twice")) {
      try Words(Array("key\n  en a\n  en b\n".utf8))
    }
  }

  @Test func sizesAndSpansForPeople() {
    let english = words.language("en")
    let german = words.language("de")
    #expect(english.bytes(1 << 30) == "1 GiB")
    #expect(english.bytes(1_610_612_736) == "1.5 GiB")
    #expect(german.bytes(1_610_612_736) == "1,5 GiB")
    #expect(english.bytes(512) == "512 B")
    #expect(english.cores(1_000) == "1 core")
    #expect(german.cores(250) == "0,25 Kerne")
    #expect(english.span(3_600, saysOne: false) == "hour")
    #expect(english.span(86_400, saysOne: true) == "1 day")
    #expect(german.span(7_200, saysOne: true) == "2 Stunden")
    #expect(english.span(90, saysOne: true) == "90 seconds")
    #expect(english.number(1_234_567) == "1\u{202F}234\u{202F}567")
    #expect(english.number(-12) == "−12")
  }

  @Test func whatScriptsSayMayStandInHTML() throws {
    let language = Words.Language(code: "en", texts: ["js_a": "</script>", "b": "not sent"])
    #expect(language.script == #"{"js_a":"\u003c/script\u003e"}"#)
  }
}
