/// A renter's grant to ask his wallet (Nostr Wallet Connect, NIP-47): `nostr+walletconnect://<wallet>?relay=…&secret=…`.
///
/// A secret: whoever has it may spend what the wallet allows. Its description shows the wallet and the relays alone.
public struct WalletConnection: Sendable, CustomStringConvertible, CustomReflectable {
  /// How many relays are asked at most.
  public static let mostRelays = 4

  public let wallet: NostrPublicKey
  /// `wss://…` or `ws://…`, in the order of the grant; one to ``mostRelays``.
  public let relays: [String]
  let secret: NostrSecretKey

  /// - Throws: `.badConnection` with what is wrong, in words that do not repeat the secret.
  public init(_ uri: String) throws(NostrFault) {
    guard uri.utf8.count <= 2_048 else { throw .badConnection("longer than 2048 characters") }
    let text = Substring(uri.trimmed)
    guard let scheme = text.firstRange(of: "://"),
      ["nostr+walletconnect", "nostrwalletconnect"].contains(text[..<scheme.lowerBound].lowercased())
    else { throw .badConnection("it begins with nostr+walletconnect://") }
    let rest = text[scheme.upperBound...]
    guard let mark = rest.firstIndex(of: "?") else { throw .badConnection("relay and secret are missing") }
    guard let wallet = NostrPublicKey(String(rest[..<mark])) else {
      throw .badConnection("the wallet is not named by 64 hex digits")
    }
    var relays: [String] = []
    var secrets: [String] = []
    for field in rest[rest.index(after: mark)...].split(separator: "&") {
      let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, let value = Self.decoded(parts[1]) else { throw .badConnection("a field cannot be read") }
      switch parts[0] {
      case "relay": relays.append(value)
      case "secret": secrets.append(value)
      default: break
      }
    }
    guard secrets.count == 1, let secret = secrets.first.flatMap({ NostrSecretKey(hex: $0) }) else {
      throw .badConnection("one secret of 64 hex digits")
    }
    guard (1...Self.mostRelays).contains(relays.count) else {
      throw .badConnection("one to \(Self.mostRelays) relays")
    }
    guard
      relays.allSatisfy({ relay in
        (relay.hasPrefix("wss://") || relay.hasPrefix("ws://")) && relay.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
      })
    else { throw .badConnection("a relay begins with wss://") }
    self.wallet = wallet
    self.relays = relays
    self.secret = secret
  }

  /// What the wallet knows us by.
  public var client: NostrPublicKey { secret.publicKey }

  var conversation: Conversation { Conversation(secret, with: wallet) }

  public var description: String { "WalletConnection(\(wallet), \(relays.joined(separator: ", ")))" }
  public var customMirror: Mirror { Mirror(self, children: ["wallet": wallet, "relays": relays]) }

  /// Percent-decoded; `nil` for what is no UTF-8.
  private static func decoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let pair = Hex.bytes(String(decoding: rest.prefix(2), as: UTF8.self)), pair.count == 1 else { return nil }
      bytes += pair
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension String {
  /// Without the spaces and line ends that come with pasting.
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
