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
  func anImportThatShouldNotBeIsFound(text: String) throws {
    let found = sentences("Units", text.replacing("¶", with: "\n"))
    #expect(found.count == 1)
    #expect(found.first?.hasPrefix("Units has no arrow to") == true)
  }

  @Test func aCaseThatNobodyThoughtAboutIsFound() {
    let text = "switch a {\ncase .b: return c[d, default: 0]\ndefault: return f(default: 1)\n}"
    #expect(sentences("Engine", text) == ["a switch here names its cases"])
    #expect(sentences("Leasing", text) == ["a switch here names its cases"])
    #expect(sentences("Store", text) == [])
    #expect(sentences("Engine", text, file: "Sources/Engine/Ports/EventWords.swift") == [])
  }

  @Test(arguments: [
    "import Swift", "import Synchronization", "// import Foundation", "/* /* */ import Foundation */",
    "let text = \"import Foundation\"", "let text = \"\"\"¶import Foundation¶\"\"\"",
    "let text = #\"\" import Foundation \"#", "store.import(rows)", "func f(import: Int) {}",
    "let quote = \"\\\"\" // import Foundation",
  ])
  func whatOnlyLooksLikeAnImportIsNotOne(text: String) {
    #expect(sentences("Units", text.replacing("¶", with: "\n")) == [])
  }

  @Test func arrowsAreTransitiveButLeadOneWay() {
    #expect(sentences("Engine", "import Units\nimport Ledger\nimport Macaroons") == [])
    #expect(sentences("Units", "import Ledger") == ["Units has no arrow to Ledger"])
    #expect(sentences("Store", "import CLibpq") == ["Store has no arrow to CLibpq"])
    #expect(sentences("Drivers", "import Store") == ["Drivers has no arrow to Store"])
    #expect(sentences("HTTPAPI", "import NIOCore\nimport Logging") == [])
    #expect(sentences("Engine", "import NIOCore") == ["Engine has no arrow to NIOCore"])
  }

  @Test func aLineIsNamed() {
    let found = rules.violations(room: "Ledger", file: "Sources/Ledger/A.swift", text: "// one\n\nimport Engine\n")
    #expect(found.map(\.description) == ["Sources/Ledger/A.swift:3: Ledger has no arrow to Engine"])
  }

  @Test func aFolderThatIsNoRoomIsFound() {
    #expect(sentences("Attic", "") == ["Attic is not in the table of rooms"])
  }

  @Test(arguments: [
    "DispatchSource.makeTimerSource()", "queue.asyncAfter(deadline: d) {}", "let t: any DispatchSourceTimer",
  ])
  func timersStayInScheduling(text: String) {
    #expect(sentences("Drivers", text).contains("Dispatch timers live in Scheduling"))
    #expect(sentences("Scheduling", text) == [])
  }

  @Test func dyingAndHidingAreFoundAskingIsNot() {
    #expect(sentences("Units", "fatalError(\"x\")").count == 1)
    #expect(sentences("Units", "let x = try! f()").count == 1)
    #expect(sentences("Units", "// TO" + "DO later").count == 1)
    #expect(sentences("Units", "let path = \"/ho" + "me/someone/x\"").count == 1)
    #expect(sentences("Units", "precondition(x > 0, \"fatalError( and try! in words\")\nlet y = try !f()") == [])
  }

  @Test func anErrorThatIsSwallowedHasItsReasonBesideIt() {
    for text in ["let x = try? f()", "// why\n\nlet x = try? f()", "let s = \"// no\"; _ = try? f()"] {
      #expect(sentences("Units", text) == ["try? needs a reason beside it"], "\(text)")
    }
    for text in [
      "let x = try? f()  // why", "// why\nlet x = try? f()", "let entry: Entry? = nil", "let s = \"try? this\"",
    ] { #expect(sentences("Units", text) == [], "\(text)") }
    #expect(sentences("TestKit", "let x = try? f()") == [])
  }

  @Test func aSleepThatStaysWhenItIsCancelledIsFoundInTheDaemonsRooms() {
    #expect(sentences("Engine", "try await Task.sleep(for: .seconds(1))").count == 1)
    #expect(sentences("Engine", "// no Task.sleep here\nawait Deadlines.shared.wait(.seconds(1))") == [])
    #expect(sentences("leasehold", "try await Task.sleep(for: .seconds(1))") == [])
  }

  @Test func longAndNamelessFilesAreFound() {
    #expect(sentences("Units", String(repeating: "\n", count: 601)).count == 1)
    #expect(sentences("Units", String(repeating: "\n", count: 600)) == [])
    for name in ["StringUtils.swift", "LeaseManager.swift", "TestHelpers.swift"] {
      #expect(sentences("Units", "", file: "Sources/Units/\(name)").count == 1, "\(name)")
    }
  }

  @Test(arguments: ["select now()", "WHERE due_at <= NOW ()", "default current_timestamp"])
  func sqlThatReadsAClockIsFoundInStoreAlone(sql: String) {
    #expect(sentences("Store", "let q = \"\"\"\n  \(sql)\n  \"\"\"").count == 1)
    #expect(sentences("Engine", "let q = \"\(sql)\"") == [])
    #expect(rules.clockInSQL(file: "schema/0001_x.sql", sql: sql).count == 1)
  }

  @Test func sqlThatIsToldTheTimePasses() {
    #expect(sentences("Store", "let now = clock.now()\nlet q = \"where due_at <= $1 -- not now()\"") == [])
    #expect(sentences("Store", "let q = \"select known(x), clock_timestamp()\"") == [])
  }

  @Test func aManifestWithAnotherArrowIsFound() {
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
