import Engine
import Foundation
import Testing
import Units
import Wire

@testable import ExchangeRates

/// Files as somebody's script writes them.
@Suite struct RateFileTests {
  private let folder = FileManager.default.temporaryDirectory.path + "/leasehold-rates-\(UUID().uuidString)"
  private var path: String { folder + "/usd" }

  private func now() -> Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }

  private func read(_ pointer: String? = nil, limits: ReadingLimits = ReadingLimits(), at now: Instant? = nil) async
    -> String
  {
    let reader = RateReader(.usd, from: .file(path), at: pointer.flatMap(JSONPointer.init(_:)), limits: limits)
    do throws(ExchangeRateError) {
      return try await reader.read(at: now ?? self.now()).perBitcoin.description
    } catch {
      #expect(error.source == "file")
      #expect(!error.words.contains(folder))
      return error.words
    }
  }

  private func with(_ body: () async throws -> Void) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }  // It was just made.
    try await body()
  }

  private func put(_ text: String) throws {
    try Data(text.utf8).write(to: URL(filePath: path))
  }

  @Test func aNumberByItselfOrInsideJSON() async throws {
    try await with {
      try put(" 97123.45\n")
      #expect(await read() == "97123.45")
      try put(#"{"rates":{"usd":"97124.5"}}"#)
      #expect(await read("/rates/usd") == "97124.5")
    }
  }

  @Test func replacedAsAWholeItIsOneOrTheOther() async throws {
    try await with {
      try put("90000\n")
      let path = path
      let writing = Task.detached {
        for round in 0..<2_000 {
          let next = "\(path).next"
          try Data((round.isMultiple(of: 2) ? "100000.12345678\n" : "90000\n").utf8).write(to: URL(filePath: next))
          try #require(rename(next, path) == 0)
        }
      }
      var seen: Set<String> = []
      for _ in 0..<2_000 { seen.insert(await read()) }
      try await writing.value
      #expect(seen.isSubset(of: ["90000", "100000.12345678"]), "\(seen)")
    }
  }

  @Test func itIsAsOldAsItsWriting() async throws {
    try await with {
      try put("90000")
      let written = Date(timeIntervalSince1970: 1_700_000_000)
      try FileManager.default.setAttributes([.modificationDate: written], ofItemAtPath: path)
      let rate = try await RateReader(.usd, from: .file(path), at: nil).read(at: now())
      #expect(rate.readAt == Instant(unixSeconds: 1_700_000_000))
      #expect(rate.source == "file")
      #expect(await read(at: Instant(unixSeconds: 1_700_000_000) - 61) == "the file was written in the future")
      let slow = try await RateReader(.usd, from: .file(path), at: nil).read(
        at: Instant(unixSeconds: 1_700_000_000) - 60)
      #expect(slow.readAt == Instant(unixSeconds: 1_700_000_000) - 60)
    }
  }

  @Test(arguments: [
    ("", "is not a number"), ("NaN\n", "is not a number"), ("0", "is no rate"), ("-5", "is negative"),
    ("1e400", "is too large"), ("0.5", "is no rate"), ("10000000001", "is no rate"),
    ("97123.45 USD", "is not a number"),
    (String(repeating: "1", count: 300), "a number and nothing else"),
  ])
  func whatIsNoRateIsSaid(_ text: String, _ words: String) async throws {
    try await with {
      try put(text)
      #expect(await read().contains(words))
    }
  }

  @Test func whatIsNoSuchFileIsSaid() async throws {
    try await with {
      #expect(await read().contains("cannot be opened"))
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
      #expect(await read() == "it is not a file")
      try FileManager.default.removeItem(atPath: path)
      // Nobody is waited for.
      #expect(mkfifo(path, 0o600) == 0)
      #expect(await read() == "it is not a file")
      try FileManager.default.removeItem(atPath: path)
      try put("90000")
      try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: path)
      #expect(await read().contains("everybody may write"))
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      try put(String(repeating: " ", count: 10 << 20) + "90000")
      #expect(await read().contains("over 1048576 bytes"))
    }
  }
}
