import Testing

@testable import Nostr

@Suite struct GiftWrapTests {
  private let sender = NostrSecretKey.random()
  private let receiver = NostrSecretKey.random()
  private let now: Int64 = 1_700_000_000

  @Test func theReceiverReadsItAndNobodyElse() throws {
    let wrap = try GiftWrap(
      "time runs out", subject: "lease", from: sender, to: receiver.publicKey, written: now - 9, at: now)
    let opened = try GiftWrap.open(NostrEvent(json: wrap.event.json), with: receiver)
    #expect(opened.text == "time runs out")
    #expect(opened.author == sender.publicKey)
    #expect(opened.at == now - 9)
    #expect(throws: NostrFault.notForUs) { try GiftWrap.open(wrap.event, with: sender) }
  }

  @Test func theRelayLearnsOnlyWhoItIsFor() throws {
    let first = try GiftWrap("hello", from: sender, to: receiver.publicKey, written: now, at: now)
    let second = try GiftWrap("hello", from: sender, to: receiver.publicKey, written: now, at: now)
    #expect(first.event.author != sender.publicKey)
    #expect(first.event.author != second.event.author)
    #expect(first.event.tags == [["p", "\(receiver.publicKey)"]])
    for event in [first.event, second.event] { #expect((now - 172_800...now).contains(event.createdAt)) }
    #expect(!first.event.json.contains("\(sender.publicKey)"))
  }

  /// Whoever seals writes in nobody else's name.
  @Test func anotherCannotWriteInASendersName() throws {
    let liar = NostrSecretKey.random()
    let rumor = NostrEvent(rumorOf: sender.publicKey, kind: 14, tags: [], content: "pay me", createdAt: now)
    let seal = NostrEvent(
      kind: 13, content: try Conversation(liar, with: receiver.publicKey).encrypt(rumor.json), createdAt: now,
      by: liar)
    let wrap = NostrEvent(
      kind: 1_059, content: try Conversation(liar, with: receiver.publicKey).encrypt(seal.json), createdAt: now,
      by: liar)
    #expect(throws: NostrFault.badEvent("another wrote it than sealed it")) {
      try GiftWrap.open(wrap, with: receiver)
    }
  }

  @Test func whatIsTooLongIsRefused() {
    #expect(throws: NostrFault.tooLong) {
      try GiftWrap(String(repeating: "x", count: 65_536), from: sender, to: receiver.publicKey, written: now, at: now)
    }
    #expect(throws: NostrFault.tooLong) {
      try GiftWrap(String(repeating: "x", count: 60_000), from: sender, to: receiver.publicKey, written: now, at: now)
    }
  }
}
