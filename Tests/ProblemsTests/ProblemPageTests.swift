import Foundation
import Problems
import Testing

@Suite struct ProblemPageTests {
  private let pages = ProblemPage.all.flatMap(\.pages)

  @Test func everyCodeHasOnePage() {
    #expect(Set(pages.map(\.code)) == Set(ProblemCode.allCases))
    #expect(pages.count == ProblemCode.allCases.count)
  }

  @Test func aCodeIsLowerCaseWordsWithHyphens() {
    for code in ProblemCode.allCases {
      #expect(code.rawValue.allSatisfy { $0 == "-" || ("a"..."z").contains($0) }, "\(code)")
      #expect(!code.rawValue.hasPrefix("-"))
      #expect(!code.rawValue.hasSuffix("-"))
      #expect("\(code)" == code.rawValue)
    }
  }

  @Test func aPageSaysWhenAndWhatToDo() {
    for page in pages {
      #expect(!page.statuses.isEmpty, "\(page.code)")
      #expect(page.statuses == page.statuses.sorted(), "\(page.code)")
      #expect(page.statuses.allSatisfy { (400..<600).contains($0) }, "\(page.code)")
      #expect(page.meaning.hasSuffix("."), "\(page.code)")
      #expect(page.remedy.hasSuffix("."), "\(page.code)")
    }
  }

  /// `docs/problems.md` is what the pages come to. After a change: `LEASEHOLD_WRITE_PROBLEMS=1`.
  @Test func theListIsFresh() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/problems.md")
    if ProcessInfo.processInfo.environment["LEASEHOLD_WRITE_PROBLEMS"] == "1" {
      try Data(list.utf8).write(to: file)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == list)
  }

  private var list: String {
    var text = """
      # Problems

      <!-- Written by ProblemPageTests from Sources/Problems; never edited. -->

      Every refusal is a problem document (RFC 9457) of type `application/problem+json`. Its `code` is one of these words, and
      its `type` is `urn:leasehold:problem:` and the word. The words stay; the sentences in `title` and `detail` may change.
      Nothing is charged for a refusal.

      """
    for chapter in ProblemPage.all {
      text +=
        "\n## \(chapter.title)\n\n\(chapter.overview)\n\n| code | status | meaning | what to do |\n|---|---|---|---|\n"
      for page in chapter.pages {
        let statuses = page.statuses.map(String.init(_:)).joined(separator: ", ")
        text += "| `\(page.code)` | \(statuses) | \(page.meaning) | \(page.remedy) |\n"
      }
    }
    return text
  }
}
