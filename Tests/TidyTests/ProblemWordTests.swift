import Foundation
import Testing

/// The words of refusals, in the text of sources and tests: each is written once, and provoked at least once.
@Suite struct ProblemWordTests {
  private let repository = Repository.here

  /// Case name and word, as the enum has them.
  private func words() throws -> [(name: String, word: String)] {
    let text = try repository.text("Sources/Problems/ProblemCode.swift")
    return text.matches(of: /(?m)^  case `?(\w+)`?(?: = "([a-z-]+)")?$/).map { found in
      (String(found.1), found.2.map { String($0) } ?? String(found.1))
    }
  }

  /// What the tests of doors and engine expect: the word after a status, or where a code is compared with it.
  @Test func everyProblemCodeIsProvokedByATest() throws {
    let suites = [
      "EngineTests", "HTTPAPITests", "HTTPServingTests", "WebDAVTests", "FilesTests", "GatewayTests", "leaseholddTests",
    ]
    let tests = try suites.flatMap { try repository.files(in: "Tests/\($0)") }.map(\.text).joined(separator: "\n")
    let words = try words()
    #expect(words.count > 100)
    for (name, word) in words {
      let expectations = [
        "\"[45]\\d\\d \(word)[\" :]", "[45]\\d\\d, \"\(word)\"", "ode(\\.rawValue)? == (\"\(word)\"|\\.\(name)\\b)",
        "\\\\?\"code\\\\?\":\\\\?\"\(word)\\\\?\"", word.contains("-") ? "\"\(word)[\" :]" : "\"code\":\"\(word)\"",
      ]
      let isProvoked = try expectations.contains { try tests.contains(Regex($0)) }
      #expect(isProvoked, "no test expects \(word)")
    }
  }

  @Test func noRoomSpellsAProblemCodeItself() throws {
    // L402 stands for itself, and has its own words; the client takes words as they come.
    let words = Set(try words().map(\.word).filter { $0.contains("-") })
    for room in ["Engine", "HTTPAPI", "HTTPServing", "WebDAV", "Files", "Gateway", "Leasing", "leaseholdd"] {
      for file in try repository.files(in: "Sources/\(room)") where file.path.hasSuffix(".swift") {
        // The description of the interface is text for others, and held against the enums by its own test.
        // What an event says of a command is what a problem says of one.
        guard !file.path.contains("/OpenAPI"), !file.path.hasSuffix("/ProvisionFault.swift") else { continue }
        for found in file.text.matches(of: /"([a-z]+(?:-[a-z]+)+)"/) where words.contains(String(found.1)) {
          Issue.record("\(file.path): \(found.1) is a ProblemCode")
        }
      }
    }
  }
}
