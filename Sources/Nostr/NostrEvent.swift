import Macaroons
import Wire

/// What is sent over relays (NIP-01): signed by its author, named by its hash.
public struct NostrEvent: Hashable, Sendable {
  /// SHA-256 of the event; hex.
  public let id: String
  public let author: NostrPublicKey
  /// Unix time in seconds.
  public let createdAt: Int64
  public let kind: Int64
  public let tags: [[String]]
  public let content: String
  /// Hex; `nil` for a rumor, which is never sent as it is (NIP-59).
  public let signature: String?

  /// Signs a new one.
  public init(
    kind: Int64, tags: [[String]] = [], content: String, createdAt: Int64, by key: NostrSecretKey
  ) {
    let draft = NostrEvent(rumorOf: key.publicKey, kind: kind, tags: tags, content: content, createdAt: createdAt)
    let signature = Curve.sign(draft.hash.array, with: key, randomness: Bytes32.random().array)
    self.init(draft, signature: Hex.text(of: signature))
  }

  /// One without a signature, to be sealed.
  init(rumorOf author: NostrPublicKey, kind: Int64, tags: [[String]], content: String, createdAt: Int64) {
    self.author = author
    self.kind = kind
    self.tags = tags
    self.content = content
    self.createdAt = createdAt
    signature = nil
    id = Self.hash(author, createdAt, kind, tags, content).hex
  }

  private init(_ draft: NostrEvent, signature: String) {
    id = draft.id
    author = draft.author
    createdAt = draft.createdAt
    kind = draft.kind
    tags = draft.tags
    content = draft.content
    self.signature = signature
  }

  /// The first value of the first tag of a name.
  public func tag(_ name: String) -> String? { tags.first { $0.first == name && $0.count > 1 }?[1] }

  private var hash: Bytes32 { Self.hash(author, createdAt, kind, tags, content) }

  private static func hash(
    _ author: NostrPublicKey, _ createdAt: Int64, _ kind: Int64, _ tags: [[String]], _ content: String
  ) -> Bytes32 {
    var text = "[0,\"\(author)\",\(createdAt),\(kind),["
    text += tags.map { "[" + $0.map(quoted).joined(separator: ",") + "]" }.joined(separator: ",")
    text += "],\(quoted(content))]"
    return Array(text.utf8).withUnsafeBytes { Bytes32.sha256($0) }
  }

  /// NIP-01 names the seven characters that are escaped; everything else is written as it is.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": quoted += "\\n"
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case "\u{8}": quoted += "\\b"
      case "\u{C}": quoted += "\\f"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}

extension NostrEvent: Codable {
  enum CodingKeys: String, CodingKey {
    case id
    case author = "pubkey"
    case createdAt = "created_at"
    case kind, tags, content
    case signature = "sig"
  }

  /// Reads one and proves it: its id is its hash, and its signature, where it has one, is the author's.
  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    guard let author = NostrPublicKey(try fields.decode(String.self, forKey: .author)) else {
      throw NostrFault.badEvent("its author is no key")
    }
    let draft = NostrEvent(
      rumorOf: author, kind: try fields.decode(Int64.self, forKey: .kind),
      tags: try fields.decode([[String]].self, forKey: .tags),
      content: try fields.decode(String.self, forKey: .content),
      createdAt: try fields.decode(Int64.self, forKey: .createdAt))
    guard try fields.decode(String.self, forKey: .id) == draft.id else {
      throw NostrFault.badEvent("its id is another's")
    }
    guard let signature = try fields.decodeIfPresent(String.self, forKey: .signature) else {
      self = draft
      return
    }
    guard let bytes = Hex.bytes(signature), Curve.isSignature(bytes, of: draft.hash.array, by: author) else {
      throw NostrFault.badEvent("its signature is not its author's")
    }
    self.init(draft, signature: signature)
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(id, forKey: .id)
    try fields.encode("\(author)", forKey: .author)
    try fields.encode(createdAt, forKey: .createdAt)
    try fields.encode(kind, forKey: .kind)
    try fields.encode(tags, forKey: .tags)
    try fields.encode(content, forKey: .content)
    try fields.encodeIfPresent(signature, forKey: .signature)
  }

  /// JSON, compact.
  public var json: String { JSON.text(self) }

  /// - Throws: `.badEvent` for what is no event, or not its author's.
  public init(json: String) throws(NostrFault) {
    do {
      self = try JSON.decode(NostrEvent.self, from: json.utf8)
    } catch {
      throw .badEvent("\(error)")
    }
  }
}
