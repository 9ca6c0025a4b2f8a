import Foundation
import TestKit
import Testing
import Wire

@testable import HTTPAPI

@Suite struct OpenAPITests {
  private struct Document: Decodable {
    var openapi: String
    var paths: [String: [String: Operation]]
    struct Operation: Decodable {
      var operationId: String
      var parameters: [Reference]?
    }
    struct Reference: Decodable {
      var ref: String
      private enum CodingKeys: String, CodingKey { case ref = "$ref" }
    }
  }

  private let text = OpenAPI.text(version: "1 \"quoted\"", title: "T")

  @Test func routesAndDocumentAreTheSame() async throws {
    let document = try JSON.decode(Document.self, from: text.utf8)
    let described = Set(
      document.paths.flatMap { path, operations in operations.keys.map { "\($0.uppercased()) \(path)" } })
    try await Bench.with { bench in
      let registered = bench.api.endpoints.map { "\($0.method.rawValue) \($0.path)" }
      #expect(Set(registered).count == registered.count, "a route is there twice")
      #expect(Set(registered).subtracting(described).sorted() == [], "routes that are not described")
      #expect(described.subtracting(registered).sorted() == [], "descriptions without a route")
    }
  }

  @Test func everyPathParameterIsDeclared() throws {
    let document = try JSON.decode(Document.self, from: text.utf8)
    for (path, operations) in document.paths {
      let wanted = path.split(separator: "/").filter { $0.first == "{" }.map { String($0.dropFirst().dropLast()) }
      for operation in operations.values {
        let declared = Set((operation.parameters ?? []).map { String($0.ref.split(separator: "/").last ?? "") })
        #expect(declared.isSuperset(of: wanted), "\(operation.operationId)")
      }
    }
  }

  @Test func operationsHaveNamesOfTheirOwn() throws {
    let document = try JSON.decode(Document.self, from: text.utf8)
    let names = document.paths.values.flatMap { $0.values.map(\.operationId) }
    #expect(Set(names).count == names.count)
  }

  /// The specification's own validator, where Python has it.
  @Test(.enabled("openapi-spec-validator is installed") { OpenAPITests.validate(nil) })
  func theValidatorAgrees() {
    #expect(Self.validate(text))
    #expect(!Self.validate(text.replacing("\"responses\":{\"200\"", with: "\"answers\":{\"200\"")))
  }

  /// Whether the validator accepts the document; with `nil`, whether there is one.
  private static func validate(_ document: String?) -> Bool {
    let python = Process()
    python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let check = document == nil ? "" : "validate(json.load(sys.stdin))"
    python.arguments = ["python3", "-c", "import sys, json\nfrom openapi_spec_validator import validate\n\(check)"]
    let input = Pipe()
    python.standardInput = input
    python.standardOutput = FileHandle.nullDevice
    python.standardError = FileHandle.nullDevice
    do {
      try python.start()
      try input.fileHandleForWriting.write(contentsOf: Data((document ?? "").utf8))
      try input.fileHandleForWriting.close()
    } catch {
      return false
    }
    python.waitUntilExit()
    return python.terminationStatus == 0
  }
}
