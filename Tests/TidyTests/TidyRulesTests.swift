import Testing

/// The rules bite: each is shown a text that breaks it.
@Suite struct TidyRulesTests {
  let rules = TidyRules(table: .leasehold)

  func sentences(_ room: String, _ text: String, file: String = "Sources/X/Thing.swift") -> [String] {
    rules.violations(room: room, file: file, text: text).map(\.sentence)
  }

  // In these arguments ¶ stands for a line break, to keep reports on one line.
  @Test(arguments: [
    "import Foundation", "public import Foundation", "@testable import Engine", "@_exported import Ledger",
    "@preconcurrency¶import Dispatch", "import struct Foundation.Date", "import Foundation.NSDate",
    "@_spi(Clock) package import Glibc", "let x = 1; import Logging", "import¶  Store", "import `Engine`",
    "#if canImport(Glibc)¶import Glibc¶#endif", "/* why */ import leaseholdd", "import TestKit", "import Testing",
    "let s = \"\\(f(\"x\"))\"¶import Engine",
  ])
  func `an import that should not be is found`(text: String) throws {
    let found = sentences("Units", text.replacing("¶", with: "\n"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("Units has no arrow to") == true)
  }

  @Test(arguments: [
    "import Swift", "import Synchronization", "// import Foundation", "/* /* */ import Foundation */",
    "let text = \"import Foundation\"", "let text = \"\"\"¶import Foundation¶\"\"\"",
    "let text = #\"\" import Foundation \"#", "store.import(rows)", "func f(import: Int) {}",
    "let quote = \"\\\"\" // import Foundation",
  ])
  func `what only looks like an import is not one`(text: String) {
    #expect(sentences("Units", text.replacing("¶", with: "\n")) == [])
  }

  @Test func `arrows are transitive but lead one way`() {
    #expect(sentences("Engine", "import Units\nimport Ledger\nimport Macaroons") == [])
    #expect(sentences("Units", "import Ledger") == ["Units has no arrow to Ledger"])
    #expect(sentences("Store", "import CLibpq") == ["Store has no arrow to CLibpq"])
    #expect(sentences("Drivers", "import Store") == ["Drivers has no arrow to Store"])
    #expect(sentences("HTTPAPI", "import NIOCore\nimport Logging") == [])
    #expect(sentences("Engine", "import NIOCore") == ["Engine has no arrow to NIOCore"])
  }

  @Test func `a line is named`() {
    let found = rules.violations(room: "Ledger", file: "Sources/Ledger/A.swift", text: "// one\n\nimport Engine\n")
    #expect(found.map(\.description) == ["Sources/Ledger/A.swift:3: Ledger has no arrow to Engine"])
  }

  @Test func `a folder that is no room is found`() {
    #expect(sentences("Attic", "") == ["Attic is not in the table of rooms"])
  }

  @Test(arguments: [
    "DispatchSource.makeTimerSource()", "queue.asyncAfter(deadline: d) {}", "let t: any DispatchSourceTimer",
  ])
  func `timers stay in Scheduling`(text: String) {
    #expect(sentences("Drivers", text).contains("Dispatch timers live in Scheduling"))
    #expect(sentences("Scheduling", text) == [])
  }

  @Test func `dying and hiding are found, asking is not`() {
    #expect(sentences("Units", "fatalError(\"x\")").count == 1)
    #expect(sentences("Units", "let x = try! f()").count == 1)
    #expect(sentences("Units", "// TO" + "DO later").count == 1)
    #expect(sentences("Units", "let path = \"/ho" + "me/someone/x\"").count == 1)
    #expect(sentences("Units", "precondition(x > 0, \"fatalError( and try! in words\")\nlet y = try !f()") == [])
  }

  @Test func `long and nameless files are found`() {
    #expect(sentences("Units", String(repeating: "\n", count: 601)).count == 1)
    #expect(sentences("Units", String(repeating: "\n", count: 600)) == [])
    for name in ["StringUtils.swift", "LeaseManager.swift", "TestHelpers.swift"] {
      #expect(sentences("Units", "", file: "Sources/Units/\(name)").count == 1, "\(name)")
    }
  }

  @Test(arguments: ["select now()", "WHERE due_at <= NOW ()", "default current_timestamp"])
  func `SQL that reads a clock is found in Store alone`(sql: String) {
    #expect(sentences("Store", "let q = \"\"\"\n  \(sql)\n  \"\"\"").count == 1)
    #expect(sentences("Engine", "let q = \"\(sql)\"") == [])
    #expect(rules.clockInSQL(file: "schema/0001_x.sql", sql: sql).count == 1)
  }

  @Test func `SQL that is told the time passes`() {
    #expect(sentences("Store", "let now = clock.now()\nlet q = \"where due_at <= $1 -- not now()\"") == [])
    #expect(sentences("Store", "let q = \"select known(x), clock_timestamp()\"") == [])
  }

  @Test func `a manifest with another arrow is found`() {
    func disagreements(_ dependencies: Set<String>) -> [String] {
      let ledger = PackageArrows.Target(name: "Ledger", isTest: false, dependencies: dependencies)
      let units = PackageArrows.Target(name: "Units", isTest: false, dependencies: [])
      return PackageArrows(targets: [units, ledger]).disagreements(with: .leasehold)
    }
    #expect(disagreements(["Units"]) == [])
    #expect(disagreements(["Units", "Engine"]) == ["Ledger must not depend on Engine"])
    #expect(disagreements(["Units", "Logging"]) == ["Ledger must not depend on Logging"])
    #expect(disagreements([]) == ["Ledger does not depend on Units: mend the table"])
  }
}
