import NIOHTTP1
import Problems

/// What has to be so of a request's head before anybody reads it (RFC 9112).
struct RequestRules {
  struct Refusal: Error, Hashable {
    var status: UInt
    var code: ProblemCode
    var detail: String
  }

  /// - Throws: what to answer instead; the connection ends with it, for where the next request begins is not known.
  static func check(_ head: HTTPRequestHead) throws(Refusal) {
    guard head.version.major == 1, head.version.minor <= 1 else {
      throw Refusal(status: 505, code: .httpVersion, detail: "HTTP/1.1 and HTTP/1.0 are spoken here")
    }
    try checkHost(head)
    let codings = head.headers[canonicalForm: "transfer-encoding"].map { $0.lowercased() }
    guard !codings.isEmpty else { return }
    guard head.version.minor == 1 else {
      throw Refusal(status: 400, code: .badHeader, detail: "HTTP/1.0 has no Transfer-Encoding")
    }
    guard codings.allSatisfy({ $0 == "chunked" }) else {
      throw Refusal(status: 501, code: .transferCoding, detail: "the only transfer coding known here is chunked")
    }
    guard codings.count == 1 else {
      throw Refusal(status: 400, code: .badHeader, detail: "a body is chunked once")
    }
  }

  /// RFC 9112 §3.2: one, and valid, in HTTP/1.1.
  private static func checkHost(_ head: HTTPRequestHead) throws(Refusal) {
    let hosts = head.headers["host"]
    if hosts.isEmpty, head.version.minor == 0 { return }
    guard let host = hosts.first, hosts.count == 1 else {
      throw Refusal(status: 400, code: .badHeader, detail: hosts.isEmpty ? "Host is missing" : "Host appears twice")
    }
    guard isAuthority(host[...]) else {
      throw Refusal(status: 400, code: .badHeader, detail: "Host is a name or an address, and a port")
    }
  }

  private static func isAuthority(_ text: Substring) -> Bool {
    var name = text
    if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
      let port = text[text.index(after: colon)...]
      guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), port.isEmpty || UInt16(port) != nil else {
        return false
      }
      name = text[..<colon]
    }
    if name.first == "[" {
      return name.last == "]" && name.utf8.count > 2
        && name.utf8.dropFirst().dropLast().allSatisfy { isHexDigit($0) || $0 == UInt8(ascii: ":") || $0 == 0x2E }
    }
    return !name.isEmpty && name.utf8.allSatisfy(isNameByte)
  }

  private static func isHexDigit(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
    default: false
    }
  }

  /// `reg-name` of RFC 3986 §3.2.2.
  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "-._~!$&'()*+,;=%".utf8.contains(byte)
    }
  }
}
