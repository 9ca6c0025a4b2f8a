import Foundation
import HTTPTypes
import Testing
import Wire

@testable import HTTPAPI

/// Every route of the OpenAPI document, and in each place that a client fills, values at the ends of what can be
/// written there. Whatever is answered, it is answered, and it is no failure of ours.
@Suite struct ExtremeValueTests {
  private struct Operation {
    var method: HTTPRequest.Method
    var path: String
    /// Names of fields, of the query and of the head.
    var query: [String]
    var head: [String]
    var fields: [String]

    /// What ends a lease or a credential comes last, and a feed, which ends with the lease, after it.
    var order: Int {
      if path.hasSuffix("/events") { return 3 }
      if method == .delete { return 2 }
      return path.hasSuffix("/rotate") || path.contains("/admin/") && method != .get ? 1 : 0
    }
  }

  private static let words = [
    "", "0", "-1", "1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "NaN", "+1",
    "%00", "%ff%fe", "%F0%9F%92%BE", "..%2f..", "2147483648", "65536", "0000-01-01T00:00:00+23:59",
    String(repeating: "9", count: 300), String(repeating: "z", count: 26), String(repeating: "f", count: 64),
    "-9223372036854775808.0", "9223372036854775807.0", "0.9223372036854775807", ".10000", "253402300799999999.10000",
  ]

  private static let literals = [
    "null", "0", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "0.5", "true",
    #""""#, #""\u0000""#, #""\ud800""#, #""9223372036854775807""#, #""0000-01-01T00:00:00+23:59""#,
    #""9999-12-31T23:59:60.999999999999999999999Z""#, "[]", #"[""]"#, #"["a\u0000"]"#, "[9223372036854775807]", "{}",
    #"{"a":"\u0000"}"#, #"["valid_until=9223372036854775807","max_msat=9223372036854775807","path=/\u0000"]"#,
    "\"" + String(repeating: "z", count: 5_000) + "\"", String(repeating: "[", count: 500),
  ]

  private static func operations() throws -> [Operation] {
    let text = OpenAPI.text(version: "1", title: "T")
    let document = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    func resolved(_ value: Any?) -> [String: Any] {
      guard let object = value as? [String: Any] else { return [:] }
      guard let reference = object["$ref"] as? String else { return object }
      return reference.dropFirst(2).split(separator: "/").reduce(document as Any?) { found, step in
        (found as? [String: Any])?[String(step)]
      }.map { resolved($0) } ?? [:]
    }
    var found: [Operation] = []
    for (path, methods) in resolved(document["paths"]) {
      for (method, operation) in resolved(methods) {
        let operation = resolved(operation)
        let parameters = (operation["parameters"] as? [Any] ?? []).map { resolved($0) }
        func names(in place: String) -> [String] {
          parameters.filter { $0["in"] as? String == place }.compactMap { $0["name"] as? String }
        }
        let content = resolved(resolved(operation["requestBody"])["content"])
        let schema = resolved(resolved(content["application/json"])["schema"])
        found.append(
          Operation(
            method: HTTPRequest.Method(method.uppercased()) ?? .get, path: path, query: names(in: "query"),
            head: names(in: "header"), fields: resolved(schema["properties"]).keys.sorted()))
      }
    }
    return found.sorted { ($0.order, $0.path, $0.method.rawValue) < ($1.order, $1.path, $1.method.rawValue) }
  }

  @Test(.timeLimit(.minutes(5))) func noValueStopsTheDaemonOrFailsInIt() async throws {
    let operations = try Self.operations()
    #expect(operations.count > 30)
    #expect(operations.contains { $0.path.hasSuffix("/usage") && $0.query.contains("cursor") })
    #expect(operations.contains { $0.path == "/v1/leases" && $0.fields.contains("periods") })
    try await Bench.with(patience: 0) { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent(#"{"offer":"box","image":"busybox"}"#)
        func isSound(_ operation: Operation, _ path: String, _ json: String?, _ head: HTTPFields) async throws {
          let authorization = path.hasPrefix("/admin") ? "Bearer \(Bench.adminToken)" : authorization
          let answer = try await door.ask(operation.method, path, json, authorization: authorization, headers: head)
          #expect(
            answer.status < 500 || answer.status == 503, "\(operation.method) \(path) \(json ?? "") \(answer.text)")
        }
        let offered = ["{lease}": lease.id, "{offer}": "box", "{currency}": "USD", "{epoch}": "0"]
        func filled(_ path: String) -> String {
          offered.reduce(path) { $0.replacing($1.key, with: $1.value) }
            .replacing("{token}", with: "0").replacing("{payment_hash}", with: String(repeating: "0", count: 64))
        }
        var isOver = false
        for operation in operations {
          let path = filled(operation.path)
          if operation.order == 3, !isOver {
            isOver = true
            // The operator may have evicted it by now.
            let released = try await door.ask(.delete, "/v1/leases/\(lease.id)", authorization: authorization)
            // Or its credential may have been among those that were ended.
            #expect([200, 401, 410].contains(released.status))
          }
          for parameter in operation.path.split(separator: "/").filter({ $0.hasPrefix("{") }) {
            for word in Self.words where !word.isEmpty {
              try await isSound(
                operation, filled(operation.path.replacing(parameter, with: word)),
                operation.fields.isEmpty ? nil : "{}", [:])
            }
          }
          for name in operation.query {
            for word in Self.words { try await isSound(operation, "\(path)?\(name)=\(word)", nil, [:]) }
          }
          for name in operation.head {
            for word in Self.words.filter({ !$0.hasPrefix("%") && !$0.isEmpty }) {
              try await isSound(
                operation, path, operation.fields.isEmpty ? nil : "{}", [.named(name): word])
            }
          }
          for field in operation.fields {
            for literal in Self.literals {
              let others = operation.fields.contains("offer") && field != "offer" ? #","offer":"box""# : ""
              try await isSound(operation, path, "{\"\(field)\":\(literal)\(others)}", [:])
            }
          }
        }
        #expect(try await door.ask(.get, "/healthz").status == 200)
      }
    }
  }
}
