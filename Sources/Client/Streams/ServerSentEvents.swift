/// One server-sent event (WHATWG HTML §9.2).
public struct ServerSentEvent: Hashable, Sendable {
  public var id: String?
  public var event: String
  public var data: String
}

/// Reads an event stream, line by line.
struct ServerSentEventReader {
  private var lines = LineSplitter()
  private var id: String?
  private var event = ""
  private var data: [String] = []

  /// The events that a chunk completes. One that the stream's end cuts off is none.
  mutating func take(_ chunk: some Sequence<UInt8>) -> [ServerSentEvent] {
    lines.take(chunk).compactMap { take(line: String(decoding: $0, as: UTF8.self)) }
  }

  private mutating func take(line: String) -> ServerSentEvent? {
    guard !line.isEmpty else {
      defer {
        event = ""
        data = []
      }
      guard !data.isEmpty else { return nil }
      return ServerSentEvent(id: id, event: event.isEmpty ? "message" : event, data: data.joined(separator: "\n"))
    }
    let bytes = line.utf8
    guard bytes.first != UInt8(ascii: ":") else { return nil }
    let colon = bytes.firstIndex(of: UInt8(ascii: ":")) ?? bytes.endIndex
    var rest = bytes[colon...].dropFirst()
    if rest.first == UInt8(ascii: " ") { rest = rest.dropFirst() }
    let value = String(decoding: rest, as: UTF8.self)
    switch String(decoding: bytes[..<colon], as: UTF8.self) {
    case "id": id = value
    case "event": event = value
    case "data": data.append(value)
    default: break  // fields that nobody knows are passed over, as the specification says
    }
    return nil
  }
}
