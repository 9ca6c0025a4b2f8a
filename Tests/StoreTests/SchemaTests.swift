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
}
