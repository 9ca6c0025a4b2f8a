import Foundation
import Fuzz
import L402
import Testing

/// Every input that was ever of interest, in every test run.
@Suite struct CorpusTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Corpus")

  private static func inputs(of target: FuzzTarget) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(
      at: folder.appendingPathComponent(target.rawValue), includingPropertiesForKeys: nil)
  }

  /// A property that does not hold traps, which ends the test run.
  @Test(arguments: FuzzTarget.allCases)
  func propertiesHold(_ target: FuzzTarget) throws {
    let inputs = try Self.inputs(of: target)
    #expect(inputs.count >= 5, "a corpus that small finds nothing")
    for input in inputs {
      let bytes = Array(try Data(contentsOf: input))
      target.run(bytes)
      // And its neighbours.
      for index in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 24)) {
        target.run(Array(bytes[..<index]))
        target.run(bytes[..<index] + [bytes[index] ^ 0x20] + bytes[(index + 1)...])
      }
    }
  }

  /// Were the corpus of another minter, its credentials would be refused before anything is looked at.
  @Test func theCorpusHoldsGenuineCredentials() throws {
    let files = try Self.inputs(of: .authorization).filter { $0.lastPathComponent.hasPrefix("genuine") }
    for file in files {
      let line = String(decoding: try Data(contentsOf: file), as: UTF8.self)
      let credential = try #require(try PresentedCredential.parse(authorization: [line]))
      #expect(Shop.isGenuine(credential), "\(file.lastPathComponent)")
    }
    #expect(files.count >= 3)
  }
}
