import Engine
import Foundation
import Postgres
import Schema
import TestKit
import Testing

@Suite struct SchemaTests {
  @Test func everyFileIsEmbedded() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("schema")
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
      .filter { $0.hasSuffix(".sql") && $0 != "current.sql" }
    #expect(Schema.migrations.count == files.count)
    for migration in Schema.migrations {
      #expect(files.contains { $0.hasPrefix(String(format: "%04d", migration.version)) })
    }
    #expect(Schema.migrations.map(\.version) == Array(1...files.count))
  }

  @Test func theClocksOfDaemonAndDatabaseCanBeCompared() async throws {
    try await TestStore.with { store in
      let time = try await store.databaseTime()
      #expect(time.microseconds > 1_700_000_000_000_000)
    }
  }

  /// `schema/current.sql` is what the migrations come to. After a migration: `LEASEHOLD_WRITE_SCHEMA=1`.
  @Test func theDumpOfTheSchemaIsFresh() async throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("schema/current.sql")
    let dumped = try await TestStore.withDatabase { database in
      let dump = Process()
      let output = Pipe()
      dump.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      dump.arguments = ["pg_dump", "--schema-only", "--no-owner", "--no-privileges", database.connection]
      dump.standardOutput = output
      try dump.start()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      dump.waitUntilExit()
      #expect(dump.terminationStatus == 0)
      return normalised(text)
    }
    if ProcessInfo.processInfo.environment["LEASEHOLD_WRITE_SCHEMA"] == "1" {
      let head = "-- What the migrations come to, for reading. Written by SchemaTests; never edited.\n\n"
      try Data((head + dumped).utf8).write(to: file)
    }
    let kept = try String(contentsOf: file, encoding: .utf8)
    #expect(normalised(kept) == dumped)
  }

  /// Without comments, settings and what differs between releases of `pg_dump`.
  private func normalised(_ dump: String) -> String {
    var lines: [String] = []
    for line in dump.split(separator: "\n", omittingEmptySubsequences: false) {
      if ["--", "SET ", "SELECT pg_catalog", "\\"].contains(where: line.hasPrefix) { continue }
      if line.isEmpty, lines.last?.isEmpty ?? true { continue }
      lines.append(String(line))
    }
    return lines.joined(separator: "\n")
  }
}
