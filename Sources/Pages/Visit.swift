import Engine
import HTTPTypes
import Hummingbird
import NIOCore
import Text

/// One request of a browser.
struct Visit: Sendable {
  let request: Request
  let parameters: Parameters
  let peer: String?

  /// The body, whole.
  ///
  /// - Throws: `Refusal` for one that is longer, or does not come in ten seconds.
  func body(upTo limit: Int) async throws -> [UInt8] {
    let tooLong = Refusal.invalidField("body", "at most \(limit) bytes")
    guard request.headers[.contentLength].flatMap({ Int($0) }) ?? 0 <= limit else { throw tooLong }
    let body = request.body
    return try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
      group.addTask {
        var bytes: [UInt8] = []
        for try await part in body {
          guard bytes.count + part.readableBytes <= limit else { throw tooLong }
          bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
      }
      group.addTask {
        try await Deadlines.shared.sleep(.seconds(10))
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let bytes = first else {
        throw Refusal.unavailable(retryAfter: 1, "the form did not arrive in time")
      }
      return bytes
    }
  }

  /// - Throws: `Refusal` for what another site's page sends in a visitor's name.
  func refuseOtherSites() throws(Refusal) {
    guard request.headers[.fetchSite] != "cross-site" else {
      throw .forbidden(reason: .notFound, detail: "a form of another site is not taken")
    }
  }

  /// The fields of a form.
  ///
  /// - Throws: `Refusal` for what is no form, and for one that another site's page sends in a visitor's name.
  func form() async throws -> Form {
    try refuseOtherSites()
    let type = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased()
    guard type == "application/x-www-form-urlencoded" else {
      throw Refusal.invalidField("body", "the fields of a form")
    }
    return try Form(String(decoding: try await body(upTo: 64 << 10), as: UTF8.self))
  }
}

/// `application/x-www-form-urlencoded` (WHATWG URL §5.1).
struct Form: Sendable {
  private(set) var fields: [String: String] = [:]

  /// - Throws: `Refusal` for what no browser sends, and for a field that stands there twice.
  init(_ text: String) throws(Refusal) {
    for pair in text.split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let decoded = parts.map { PercentCoding.decode($0.replacing("+", with: " ")) }
      guard let name = decoded[0], let value = decoded.count > 1 ? decoded[1] : "" else {
        throw .invalidField("body", "is no form")
      }
      guard fields.updateValue(value, forKey: name) == nil else { throw .invalidField(name, "appears twice") }
    }
  }

  /// Without blanks at its ends; `nil` for an empty one.
  subscript(name: String) -> String? {
    guard let value = fields[name] else { return nil }
    let trimmed = value.drop { $0.isWhitespace }
    let end = trimmed.lastIndex { !$0.isWhitespace }
    return end.map { String(trimmed[...$0]) }
  }
}
