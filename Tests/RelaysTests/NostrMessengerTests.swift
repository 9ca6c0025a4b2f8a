import Engine
import Foundation
import L402
import Leasing
import Ledger
import Macaroons
import Nostr
import Notices
import TestKit
import TestNodes
import Testing
import Units

@testable import Relays

/// Private messages as their reader gets them, and relays that renters name.
@Suite(.timeLimit(.minutes(10))) struct NostrMessengerTests {
  private static let loopback = ReachableAddresses(allowing: [AddressRange("127.0.0.0/8")].compactMap(\.self))
  private static let now = Instant(unixSeconds: 1_800_000_000)
  private let key = NostrSecretKey.random()
  private let reader = NostrSecretKey.random()

  private func messenger(
    own: [String] = [], reaching: ReachableAddresses = Self.loopback, patience: Duration = .seconds(86_400)
  ) throws -> NostrMessenger {
    try NostrMessenger(reaching: reaching, signedBy: key, from: "Rent & Co", relays: own, patience: patience)
  }

  private func message(_ content: Message.Content? = nil, attempt: Seconds = 60) -> Message {
    Message(
      id: "msg_1",
      content: content ?? .notice(Notice(kind: .renewal, deadline: Self.now + .day * 3 + 60, amount: 21_000)),
      lease: LeaseID(high: 1, low: 2), offer: "disk", announcedAt: Self.now, at: Self.now + attempt,
      payAt: "https://rent.example/d/abc/", settingsAt: "https://rent.example/n/xyz")
  }

  private func fault(
    of place: ContactPlace, _ messenger: NostrMessenger, _ message: Message? = nil
  ) async -> DeliveryFault? {
    do throws(DeliveryFault) {
      try await messenger.deliver(message ?? self.message(), to: place, signedWith: .zero)
      return nil
    } catch {
      return error
    }
  }

  /// A relay that answers each event with a line of its manner.
  private func relay(_ answer: @escaping @Sendable (String) -> [String]) async throws -> (HTTPServer, String) {
    let server = try HTTPServer(
      webSockets: { _ in true },
      texts: { text in
        let parts = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [Any]  // What is none has no id.
        return answer((parts?.last as? [String: Any])?["id"] as? String ?? "")
      }
    ) { _ in .text(200, "no relay") }
    try await server.start()
    return (server, server.url.replacing("http://", with: "ws://"))
  }

  @Test(.needs(.nostr)) func anotherProgramReadsItAndTellsARepetition() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/leasehold-messages-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }  // It lies among temporary things.
    let relay = try Child("nostr/relay", folder)
    defer { relay.end() }
    let url = try await relay.line()
    let reader = try Child("nostr/reader", url)
    defer { reader.end() }
    let npub = try await reader.line()
    let messenger = try messenger()
    let place = try messenger.place(ContactWish(channel: .nostr, address: npub, relays: [url]))
    #expect(NostrPublicKey(place.address)?.npub == npub)

    #expect(await fault(of: place, messenger, message(.question)) == nil)
    let question = try await Heard(reader.line())
    #expect(question.kind == 14 && question.sender == "\(key.publicKey)")
    #expect(question.content.contains("https://rent.example/n/xyz"))

    #expect(await fault(of: place, messenger) == nil)
    let first = try await Heard(reader.line())
    #expect(first.sender == "\(key.publicKey)" && first.wrappedBy != first.sender)
    #expect(first.content.contains("https://rent.example/d/abc/") && first.content.contains("time runs out"))
    #expect(
      first.content.contains("in 3 days") && first.content.contains("No more of these: https://rent.example/n/xyz"))
    #expect(first.tags.contains { $0.first == "subject" && $0.last?.hasPrefix("Rent & Co: disk") == true })
    #expect(first.tags.contains(["p", place.address]))
    #expect(first.createdAt == Self.now.unixSeconds)
    #expect((Self.now.unixSeconds + 60 - 172_800...Self.now.unixSeconds + 60).contains(first.wrappedAt))

    // Two days later it is tried again: wrapped anew and dated anew, and the same message to who reads it.
    #expect(await fault(of: place, messenger, message(attempt: .day * 2)) == nil)
    let second = try await Heard(reader.line())
    #expect(second.id == first.id && second.content == first.content)
    #expect(second.wrappedBy != first.wrappedBy)
    #expect(second.wrappedAt >= Self.now.unixSeconds)
  }

  @Test func oneRelayThatTakesItIsEnough() async throws {
    let (good, goodURL) = try await relay { ["[\"OK\",\"\($0)\",true,\"\"]"] }
    let (bad, badURL) = try await relay { ["[\"OK\",\"\($0)\",false,\"blocked\"]"] }
    let key = "\(reader.publicKey)"
    #expect(await fault(of: ContactPlace(address: key, relays: [badURL, goodURL]), try messenger()) == nil)
    // Who names none finds it at the provider's own.
    #expect(await fault(of: ContactPlace(address: key), try messenger(own: [goodURL])) == nil)
    #expect(
      await fault(of: ContactPlace(address: key), try messenger())
        == DeliveryFault("no relay is named, and the provider names none any more"))
    await good.stop()
    await bad.stop()
  }

  /// Each is tried again later, and nothing that it says is repeated.
  @Test func whatNoRelayTakesHasNotArrived() async throws {
    let key = "\(reader.publicKey)"
    let other = NostrEvent(kind: 1, content: "x", createdAt: 1, by: self.key)
    let refusals: [@Sendable (String) -> [String]] = [
      { ["[\"OK\",\"\($0)\",false,\"blocked: secret-words\"]"] },
      { id in (0..<200).map { _ in "[\"OK\",\"\(id.reversed())\",true,\"\"]" } },
      { _ in ["[\"NOTICE\",\"\(String(repeating: "x", count: 1 << 20))\"]"] },
    ]
    for answer in refusals {
      let (server, url) = try await relay(answer)
      let messenger = try messenger()
      #expect(
        await fault(of: ContactPlace(address: key, relays: [url]), messenger) == DeliveryFault("no relay has taken it"))
      await server.stop()
      // Gone, it is not reached any more.
      #expect(
        await fault(of: ContactPlace(address: key, relays: [url]), messenger)
          == DeliveryFault("no relay can be reached"))
    }
    // Whoever says nothing of it ends with our patience, wherever that finds him.
    let silences: [@Sendable (String) -> [String]] = [
      { _ in [] }, { _ in ["[\"OK\",\"\(other.id)\",true,\"\"]", "[\"NOTICE\",\"fine\"]"] },
    ]
    for answer in silences {
      let (server, url) = try await relay(answer)
      #expect(
        await fault(of: ContactPlace(address: key, relays: [url]), try messenger(patience: .seconds(1))) != nil)
      await server.stop()
    }
    let (inside, url) = try await relay { ["[\"OK\",\"\($0)\",true,\"\"]"] }
    let outside = try messenger(reaching: ReachableAddresses())
    for relay in [url, url.replacing("127.0.0.1", with: "localhost")] {
      #expect(
        await fault(of: ContactPlace(address: key, relays: [relay]), outside)
          == DeliveryFault("no relay can be reached"))
    }
    await inside.stop()
  }

  @Test func whereMessagesMayGo() throws {
    let key = "\(reader.publicKey)"
    let npub = reader.publicKey.npub
    let outside = try messenger(own: ["wss://own.example"], reaching: ReachableAddresses())
    func place(_ address: String, _ relays: [String]) throws -> ContactPlace {
      try outside.place(ContactWish(channel: .nostr, address: address, relays: relays))
    }
    let named = try place(npub, ["wss://b.example/path?key=1", "wss://a.example", "wss://a.example"])
    #expect(named == ContactPlace(address: key, relays: ["wss://a.example", "wss://b.example/path?key=1"]))
    #expect(outside.masked(named) == "\(npub.prefix(12))… at wss://a.example, wss://b.example")
    #expect(outside.site(of: named) == "a.example")
    #expect(outside.site(of: ContactPlace(address: key, relays: ["wss://x.relay.example"])) == "relay.example")
    let own = try place(key, [])
    #expect(own == ContactPlace(address: key) && outside.masked(own) == "\(npub.prefix(12))…")
    #expect(outside.site(of: own) == key, "the provider's own relay is one site, and many may write there at once")
    for (address, relays) in [
      ("me@example.com", ["wss://a.example"]), ("", []), (String(key.dropLast()), []),
      (String(repeating: "f", count: 64), []), (key, ["https://a.example"]), (key, ["ws://a.example"]),
      (key, ["wss://127.0.0.1"]), (key, ["wss://[::ffff:10.0.0.1]"]), (key, ["wss://a.example\n"]),
      (key, (0..<4).map { "wss://\($0).example" }), (npub.uppercased() + "x", []),
    ] {
      #expect(throws: ContactFault.self, "\(address) \(relays)") { try place(address, relays) }
    }
    #expect(throws: ContactFault.self) { try messenger().place(ContactWish(channel: .nostr, address: key)) }
    #expect(try messenger().place(.init(channel: .nostr, address: key, relays: ["ws://127.0.0.1:7"])).address == key)
    #expect(outside.asksFirst, "a key is somebody's inbox")
  }
}

/// What the reader says of a message.
private struct Heard: Decodable {
  var id: String
  var sender: String
  var kind: Int
  var content: String
  var tags: [[String]]
  var createdAt: Int64
  var wrappedBy: String
  var wrappedAt: Int64

  init(_ line: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    self = try decoder.decode(Heard.self, from: Data(line.utf8))
  }
}
