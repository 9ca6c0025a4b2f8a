import Wire

@testable import HTTPAPI

/// What the OpenAPI document says may be answered, in so many numbers: every answer that a test gets is held against it.
enum DescribedAnswers {
  private struct Document: Decodable {
    var paths: [String: [String: Operation]]

    struct Operation: Decodable {
      var responses: [String: Anything]
    }
    struct Anything: Decodable { init(from decoder: any Decoder) {} }
  }

  private static let statuses: [String: Set<String>] = {
    // A document that cannot be read allows nothing.
    let document = try? JSON.decode(Document.self, from: OpenAPI.text(version: "1", title: "T").utf8)
    var statuses: [String: Set<String>] = [:]
    for (path, operations) in document?.paths ?? [:] {
      for (method, operation) in operations {
        statuses["\(method.uppercased()) \(path)"] = Set(operation.responses.keys)
      }
    }
    return statuses
  }()

  /// What is no route of ours, or asked with a method that is not there, may be answered anyhow; so may what is wrong
  /// with the request as HTTP, whichever route it was for.
  static func allow(_ status: Int, to method: String, _ uri: String) -> Bool {
    let path = String(uri.prefix { $0 != "?" })
    guard let key = key(method == "HEAD" ? "GET" : method, path), let told = statuses[key] else { return true }
    return told.contains("\(status)") || [304, 400, 405, 417, 500, 501].contains(status)
  }

  private static func key(_ method: String, _ path: String) -> String? {
    let segments = path.split(separator: "/", omittingEmptySubsequences: false)
    func fits(_ template: String) -> Bool {
      let parts = template.split(separator: "/", omittingEmptySubsequences: false)
      return parts.count == segments.count && zip(parts, segments).allSatisfy { $0.first == "{" || $0 == $1 }
    }
    let found = statuses.keys.filter { $0.hasPrefix(method + " ") && fits(String($0.dropFirst(method.count + 1))) }
    // A path without a gap is meant before one with.
    return found.min { $0.count { $0 == "{" } < $1.count { $0 == "{" } }
  }
}
