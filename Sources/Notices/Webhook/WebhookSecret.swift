import Macaroons

/// The key under which webhooks of one receiver are signed (Standard Webhooks): `whsec_` and base64 of 16 to 64 bytes.
///
/// Neither its description nor reflection shows it.
public struct WebhookSecret: Sendable, CustomStringConvertible, CustomReflectable {
  private static let prefix = "whsec_"
  private let bytes: [UInt8]

  /// `nil` unless it is written so; the prefix may be left out, as some tools do.
  public init?(_ text: String) {
    let encoded = text.hasPrefix(Self.prefix) ? String(text.dropFirst(Self.prefix.count)) : text
    guard let bytes = Base64.decode(encoded), (16...64).contains(bytes.count) else { return nil }
    self.bytes = bytes
  }

  public init(_ key: Bytes32) { bytes = key.array }

  /// As it is given to the receiver: once, since it is sealed afterwards.
  public var text: String { Self.prefix + Base64.encode(bytes) }

  /// The three headers of a message. A receiver refuses what is older than a few minutes, and what it has seen under
  /// this id.
  ///
  /// - Parameters:
  ///   - id: the same for every attempt at one message; without a full stop.
  ///   - timestamp: of this attempt; unix time in seconds.
  public func headers(id: String, timestamp: Int64, body: [UInt8]) -> [(name: String, value: String)] {
    precondition(!id.contains("."), "a full stop separates id, timestamp and body")
    let signed = Array("\(id).\(timestamp).".utf8) + body
    let signature = signed.withUnsafeBytes { HMACKey(bytes).authenticate($0) }
    return [
      ("webhook-id", id), ("webhook-timestamp", "\(timestamp)"),
      ("webhook-signature", "v1,\(Base64.encode(signature.array))"),
    ]
  }

  public var description: String { "WebhookSecret" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}
