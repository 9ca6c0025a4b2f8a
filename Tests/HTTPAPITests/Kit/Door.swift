import HTTPTypes
import L402
import Testing
import Wire

@testable import HTTPAPI

/// A client of the door: a connection for each request.
struct Door: Sendable {
  let port: Int
  let bench: Bench

  struct Answer: Sendable {
    var status: Int
    var headers: HTTPFields
    var body: [UInt8]

    var text: String { String(decoding: body, as: UTF8.self) }
    func document<T: Decodable>(_ type: T.Type) throws -> T { try JSON.decode(type, from: body) }
    var problem: ProblemDocument {
      get throws { try JSON.decode(ProblemDocument.self, from: body) }
    }
  }

  func ask(
    _ method: HTTPRequest.Method, _ uri: String, _ json: String? = nil, authorization: String? = nil,
    headers: HTTPFields = [:]
  ) async throws -> Answer {
    var text = "\(method.rawValue) \(uri) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    if let authorization { text += "Authorization: \(authorization)\r\n" }
    for field in headers { text += "\(field.name.rawName): \(field.value)\r\n" }
    if let json {
      if !headers.contains(.contentType) { text += "Content-Type: application/json\r\n" }
      text += "Content-Length: \(json.utf8.count)\r\n"
    }
    let socket = try Socket(port: port)
    defer { socket.close() }
    try socket.send(text + "\r\n" + (json ?? ""))
    let answer = try Answer(try await socket.readBytesToEnd())
    #expect(
      DescribedAnswers.allow(answer.status, to: method.rawValue, uri),
      "the OpenAPI document tells nothing of \(answer.status) to \(method.rawValue) \(uri): \(answer.text.prefix(200))")
    return answer
  }

  /// What the provider sees.
  func metrics() async throws -> Answer {
    try await ask(.get, "/metrics", authorization: "Bearer \(Bench.adminToken)")
  }

  /// Pays what a `402` asks for, and says how to show it.
  func pay(_ answer: Answer) async throws -> String {
    let problem = try answer.problem
    guard let invoice = problem.invoice, let macaroon = problem.macaroon else { throw NotAChallenge(text: answer.text) }
    return try await pay(macaroon, invoice)
  }

  func pay(_ macaroon: String, _ invoice: String) async throws -> String {
    let paid = try await ask(.post, "/dev/pay", #"{"invoice":"\#(invoice)"}"#)
    return "L402 \(macaroon):\(try paid.document(PreimageDocument.self).preimage)"
  }

  /// Rents and pays.
  func rent(_ json: String = #"{"offer":"disk"}"#) async throws -> (lease: LeaseDocument, authorization: String) {
    let authorization = try await pay(try await ask(.post, "/v1/leases", json))
    let bought = try await ask(.post, "/v1/leases", json, authorization: authorization)
    return (try bought.document(LeaseDocument.self), authorization)
  }
}

/// The credential with further caveats, as its holder adds them offline.
func narrowed(_ credential: String, _ caveats: String...) throws -> String { try narrowed(credential, caveats) }

func narrowed(_ credential: String, _ caveats: [String]) throws -> String {
  let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
  return try PresentedCredential(macaroon: shown.macaroon.adding(caveats), preimage: shown.preimage).authorization
}

struct NotAChallenge: Error {
  var text: String
}

struct NotAnAnswer: Error {
  var text: String
}

extension Door.Answer {
  /// Reads HTTP/1.1 as it came.
  init(_ bytes: [UInt8]) throws {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { throw NotAnAnswer(text: text) }
    let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
    guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw NotAnAnswer(text: text)
    }
    self.status = status
    headers = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":"), let name = HTTPField.Name(String(line[..<colon])) else {
        throw NotAnAnswer(text: text)
      }
      let value = line[line.index(after: colon)...].drop { $0 == " " }
      headers.append(HTTPField(name: name, value: String(value)))
    }
    body = Array(bytes[end.upperBound...])
    if headers[.transferEncoding] == "chunked" { body = try Self.unchunked(body[...]) }
  }

  private static func unchunked(_ bytes: ArraySlice<UInt8>) throws -> [UInt8] {
    var rest = bytes
    var body: [UInt8] = []
    while true {
      guard let line = rest.firstRange(of: Array("\r\n".utf8)),
        let count = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16)
      else { throw NotAnAnswer(text: "a chunk without a length") }
      guard count > 0 else { return body }
      body += rest[line.upperBound..<(line.upperBound + count)]
      rest = rest[(line.upperBound + count + 2)...]
    }
  }
}
