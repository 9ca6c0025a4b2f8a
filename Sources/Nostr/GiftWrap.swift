/// A private direct message (NIP-17) in a gift wrap (NIP-59): who reads the relay learns to whom something was sent,
/// and neither by whom, nor when, nor what.
public struct GiftWrap: Sendable {
  private static let direct: Int64 = 14
  private static let seal: Int64 = 13
  private static let wrap: Int64 = 1_059
  /// Seals and wraps are dated up to two days back.
  private static let span: ClosedRange<Int64> = 0...172_800

  public let event: NostrEvent

  /// - Parameters:
  ///   - text: 1 byte to about 30 KiB: sealed twice it must stay within what one payload holds.
  ///   - written: unix time in seconds; the message's own, which its reader alone sees. The same text, written at the same
  ///     time, is the same message to its reader, however often it is wrapped.
  ///   - now: unix time in seconds; seal and wrap are dated up to two days before it.
  /// - Throws: `.tooLong`.
  public init(
    _ text: String, subject: String? = nil, from sender: NostrSecretKey, to receiver: NostrPublicKey,
    written: Int64, at now: Int64
  ) throws(NostrFault) {
    let tags = [["p", "\(receiver)"]] + (subject.map { [["subject", $0]] } ?? [])
    let rumor = NostrEvent(
      rumorOf: sender.publicKey, kind: Self.direct, tags: tags, content: text, createdAt: written)
    let sealed = NostrEvent(
      kind: Self.seal, content: try Conversation(sender, with: receiver).encrypt(rumor.json),
      createdAt: now - .random(in: Self.span), by: sender)
    let once = NostrSecretKey.random()
    event = NostrEvent(
      kind: Self.wrap, tags: [["p", "\(receiver)"]],
      content: try Conversation(once, with: receiver).encrypt(sealed.json),
      createdAt: now - .random(in: Self.span), by: once)
  }

  /// Opens one that is for us.
  ///
  /// - Throws: `.notForUs`, or `.badEvent` also where the seal's author is not the message's: anybody could else write
  ///   in another's name.
  public static func open(
    _ event: NostrEvent, with mine: NostrSecretKey
  ) throws(NostrFault) -> (text: String, author: NostrPublicKey, at: Int64) {
    guard event.kind == Self.wrap else { throw .badEvent("no gift wrap") }
    let sealed = try NostrEvent(json: Conversation(mine, with: event.author).decrypt(event.content))
    guard sealed.kind == Self.seal, sealed.signature != nil else { throw .badEvent("no seal") }
    let rumor = try NostrEvent(json: Conversation(mine, with: sealed.author).decrypt(sealed.content))
    guard rumor.author == sealed.author, rumor.signature == nil else {
      throw .badEvent("another wrote it than sealed it")
    }
    return (rumor.content, rumor.author, rumor.createdAt)
  }
}
