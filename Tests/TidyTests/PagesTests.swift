import Foundation
import Testing

/// The pages for people speak of what is there.
@Suite struct PagesTests {
  let repository = Repository.here

  private var pages: [Repository.File] {
    get throws {
      try [Repository.File(path: "README.md", text: repository.text("README.md"))] + repository.files(in: "docs")
    }
  }

  @Test func linksLeadToFiles() throws {
    for page in try pages {
      let folder = page.path.contains("/") ? "docs/" : ""
      for link in page.text.matches(of: /\]\(([^)#]+)(#[^)]*)?\)/).map({ String($0.1) })
      where !link.contains("://") {
        let target = (folder + link).replacing("docs/../", with: "")
        #expect(repository.exists(target), "\(page.path): \(link)")
      }
    }
  }

  @Test func pathsThatAreNamedExist() throws {
    for page in try pages {
      for path in page.text.matches(of: /`((?:Sources|Tests|scripts|schema|deploy|docs)\/[A-Za-z0-9_+.\/]+)`/).map({
        String($0.1)
      }) {
        #expect(repository.exists(path), "\(page.path): \(path)")
      }
    }
  }

  @Test func theGlossarysTypesAreThere() throws {
    let sources = try (repository.files(in: "Sources") + repository.files(in: "Tests/TestKit")).map(\.text).joined()
    let declared = Set(
      sources.matches(of: /\b(?:struct|class|enum|protocol|actor|typealias) ([A-Z][A-Za-z0-9]*)/).map { String($0.1) })
    let rows = try repository.text("docs/GLOSSARY.md").split(separator: "\n").filter { $0.hasPrefix("|") }
    #expect(rows.count > 30)
    for row in rows {
      for type in row.split(separator: "|").last.map({ $0.matches(of: /`([A-Za-z0-9]+)`/) }) ?? [] {
        #expect(declared.contains(String(type.1)), "GLOSSARY names \(type.1)")
      }
    }
  }
}
