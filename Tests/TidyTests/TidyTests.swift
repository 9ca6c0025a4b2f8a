import Testing

/// The repository keeps its own rules.
@Suite struct TidyTests {
  let repository = Repository.here
  let rules = TidyRules(table: .leasehold)

  @Test func everyFileKeepsTheRulesOfItsRoom() throws {
    for room in try repository.folders(in: "Sources") {
      for file in try repository.files(in: "Sources/\(room)") {
        for violation in rules.violations(room: room, file: file.path, text: file.text) {
          Issue.record("\(violation)")
        }
      }
    }
    for (room, folder) in [
      ("TestKit", "Tests/TestKit"), ("RenterKit", "Tests/RenterKit"), ("ServingKit", "Tests/ServingKit"),
      ("leasehold-bench", "Tests/Benchmarks"),
      ("Fuzz", "Tests/Fuzz/Targets"),
    ] {
      for file in try repository.files(in: folder) {
        for violation in rules.violations(room: room, file: file.path, text: file.text) {
          Issue.record("\(violation)")
        }
      }
    }
  }

  @Test func testsAreKeptShortAndWellNamed() throws {
    for file in try repository.files(in: "Tests") where file.path.hasSuffix(".swift") {
      let isOurs = file.path.hasPrefix("Tests/TidyTests/")
      for violation in rules.shape(file: file.path, text: file.text)
        + (isOurs ? [] : rules.marks(file: file.path, text: file.text))
      {
        Issue.record("\(violation)")
      }
    }
  }

  @Test func scriptsAndPagesNameNoPathOfAMachine() throws {
    let pages = try ["README.md", "Package.swift", ".ci/run"].filter(repository.exists)
      .map { Repository.File(path: $0, text: try repository.text($0)) }
    for file in try pages + ["scripts", "docs", "deploy", "schema"].flatMap(repository.files) {
      for violation in rules.marks(file: file.path, text: file.text) { Issue.record("\(violation)") }
    }
  }

  @Test func theSchemaIsToldTheTime() throws {
    for file in try repository.files(in: "schema") where file.path.hasSuffix(".sql") {
      for violation in rules.clockInSQL(file: file.path, sql: file.text) { Issue.record("\(violation)") }
    }
  }

  @Test func anEssayStandsAtTheDoorOfEachRoom() throws {
    for name in try repository.folders(in: "Sources") {
      let room = try #require(RoomTable.leasehold[name], "\(name) is not in the table of rooms")
      if room.kind == .shim {
        let files = try repository.files(in: "Sources/\(name)")
        #expect(
          files.contains { $0.text.contains("//") || $0.text.contains("/*") },
          "\(name): its header says in a comment why it is here")
        continue
      }
      let door = "Sources/\(name)/\(name).docc/\(name).md"
      guard repository.exists(door) else {
        Issue.record("\(door) is missing")
        continue
      }
      let essay = try repository.text(door)
      #expect(essay.hasPrefix("# ``\(name)``\n"), "\(door) begins with the name of its room")
      #expect(essay.count > 300, "\(door) is not an essay yet")
    }
  }

  @Test func eachFolderOfTestsStandsBesideARoom() throws {
    let rooms = Set(RoomTable.leasehold.rooms.map(\.name))
    for folder in try repository.folders(in: "Tests") where folder.hasSuffix("Tests") && folder != "TidyTests" {
      #expect(rooms.contains(String(folder.dropLast("Tests".count))), "Tests/\(folder) mirrors no room")
    }
  }

  @Test func theManifestHasTheArrowsOfTheTableAndNoOthers() throws {
    let arrows = try PackageArrows.read(repository)
    #expect(arrows.targets.contains { $0.name == "Units" })
    #expect(arrows.disagreements(with: .leasehold) == [])
  }
}
