import Engine
import L402
import Leasing
import Ledger
import Macaroons
import Synchronization
import Testing
import Units
import Wire

@testable import Notices

/// Webhooks as they arrive, and whoever should not be reached by them.
@Suite struct WebhookMessengerTests {
  private static let key = Bytes32 { $0.copyBytes(from: [UInt8](repeating: 5, count: 32)) }
  private static let now = Instant(unixSeconds: 1_800_000_000)
  private static let loopback = ReachableAddresses(allowing: [AddressRange("127.0.0.0/8")].compactMap(\.self))

  private static func message(_ id: String = "msg_1") -> Message {
    Message(
      id: id, content: .notice(Notice(kind: .renewal, deadline: now + .day * 3 + 60, amount: 21_000)),
      lease: LeaseID(high: 1, low: 2), offer: "disk", announcedAt: now, at: now + 60,
      payAt: "https://rent.example/d/abc/", settingsAt: nil)
  }

  private func deliver(
    to text: String, _ hosts: ReachableHosts = ReachableHosts(loopback), patience: Duration = .seconds(10)
  ) async -> DeliveryFault? {
    let messenger = WebhookMessenger(hosts, patience: patience)
    do throws(DeliveryFault) {
      try await messenger.deliver(Self.message(), to: ContactPlace(address: text), signedWith: Self.key)
      return nil
    } catch {
      return error
    }
  }

  @Test func itArrivesSigned() async throws {
    let receiver = try await Receiver(.status(204))
    #expect(await deliver(to: "http://127.0.0.1:\(receiver.port)/hook?a=b") == nil)
    let request = try #require(receiver.requests.first)
    #expect(request.path == "/hook?a=b")
    #expect(request.headers["content-type"] == "application/json")
    #expect(request.headers["webhook-id"] == "msg_1")
    #expect(request.headers["webhook-timestamp"] == "1800000060")
    let signed = Array("msg_1.1800000060.".utf8) + request.body
    let expected = signed.withUnsafeBytes { HMACKey(Self.key).authenticate($0) }
    #expect(request.headers["webhook-signature"] == "v1,\(Base64.encode(expected.array))")
    let document = try JSON.decode(WebhookDocument.self, from: request.body)
    #expect(document.type == "lease.notice" && document.timestamp == Timestamp(Self.now))
    #expect(document.data.kind == "renewal" && document.data.consequence == "time runs out")
    #expect(document.data.daysRemaining == 3 && document.data.amountMsat == 21_000)
    #expect(document.data.payAt == "https://rent.example/d/abc/")
    await receiver.close()
  }

  @Test func noRedirectIsFollowedAndNoLieBelieved() async throws {
    let victim = try await Receiver(.status(200))
    for status in [301, 302, 307, 308] {
      let liar = try await Receiver(
        .status(status, headers: [("Location", "http://127.0.0.1:\(victim.port)/admin")]))
      let fault = await deliver(to: "http://127.0.0.1:\(liar.port)/")
      #expect(fault == DeliveryFault("it answered \(status): redirects are not followed"))
      await liar.close()
    }
    #expect(victim.requests.isEmpty)
    await victim.close()
  }

  @Test func whoWantsNoMoreIsNotTriedAgain() async throws {
    for (status, isFinal) in [(410, true), (404, false), (500, false)] {
      let receiver = try await Receiver(.status(status))
      #expect(await deliver(to: "http://127.0.0.1:\(receiver.port)/")?.isFinal == isFinal)
      await receiver.close()
    }
  }

  /// The receiver goes on for as long as it is listened to: who waits for its end meets the day's end, or the test's.
  @Test(.timeLimit(.minutes(5))) func anEndlessAnswerHoldsUpNobody() async throws {
    let endless = try await Receiver(.endless)
    let fault = await deliver(to: "http://127.0.0.1:\(endless.port)/", patience: .seconds(86_400))
    #expect(fault == nil, "its status has said it all")
    await endless.close()
    let endlessHead = try await Receiver(.endlessHead)
    let cut = await deliver(to: "http://127.0.0.1:\(endlessHead.port)/", patience: .seconds(86_400))
    #expect(cut == DeliveryFault("the connection failed: HTTPParserError"))
    await endlessHead.close()
  }

  @Test(.timeLimit(.minutes(5))) func silenceEndsAfterTenSeconds() async throws {
    let receiver = try await Receiver(.silent)
    let began = ContinuousClock.now
    let fault = await deliver(to: "http://127.0.0.1:\(receiver.port)/secret-path")
    #expect(fault != nil)
    #expect(ContinuousClock.now - began > .seconds(9))
    #expect(fault?.words.contains("secret-path") == false && fault?.words.contains("127") == false)
    await receiver.close()
  }

  /// The name leads to the public internet when it is looked at, and to this machine when it is connected to.
  @Test func aNameThatIsAskedForTwiceIsAskedForOnce() async throws {
    let victim = try await Receiver(.status(200))
    let asked = Mutex(0)
    let hosts = ReachableHosts(Self.loopback) { _ in
      asked.withLock { $0 += 1 }
      return [asked.withLock { $0 } == 1 ? "127.0.0.2" : "127.0.0.1"].compactMap { IPAddress($0) }
    }
    // Nobody listens at the first address, and the second is never gone to.
    #expect(await deliver(to: "http://rebind.example:\(victim.port)/", hosts) != nil)
    #expect(asked.withLock { $0 } == 1 && victim.requests.isEmpty)
    await victim.close()
  }

  @Test func aNameGoesToTheAddressThatWasJudged() async throws {
    let receiver = try await Receiver(.status(200))
    let hosts = ReachableHosts(Self.loopback) { _ in ["10.0.0.1", "127.0.0.1"].compactMap { IPAddress($0) } }
    #expect(await deliver(to: "http://named.example:\(receiver.port)/", hosts) == nil)
    #expect(receiver.requests.first?.headers["host"] == "named.example:\(receiver.port)")
    await receiver.close()
  }

  @Test(arguments: ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1", "100.64.0.1"])
  func whatIsNotPublicIsNotConnectedTo(_ text: String) async throws {
    let hosts = ReachableHosts(ReachableAddresses()) { _ in [text].compactMap { IPAddress($0) } }
    let fault = await deliver(to: "https://inside.example/", hosts)
    #expect(fault?.words.hasPrefix("it may not be connected to: ") == true)
    let messenger = WebhookMessenger(hosts)
    let host = text.contains(":") ? "[\(text)]" : text
    #expect(throws: ContactFault.self) { try messenger.place(.init(channel: .webhook, address: "https://\(host)/")) }
  }

  @Test func withoutTLSOnlyWhatTheProviderAllows() async throws {
    #expect(throws: ContactFault.self) {
      try WebhookMessenger(ReachableHosts(ReachableAddresses())).place(
        .init(channel: .webhook, address: "http://example.com/"))
    }
    let hosts = ReachableHosts(Self.loopback) { _ in ["1.1.1.1"].compactMap { IPAddress($0) } }
    #expect(await deliver(to: "http://example.com/", hosts) == DeliveryFault("it is not https"))
  }

  @Test(arguments: [
    "", "https://", "https:///x", "ftp://a.example/", "https://user@a.example/", "https://a.example/#x",
    "https://a.example:0/", "https://a.example:99999/", "https://a..example/", "https://-a.example/",
    "https://0x7f000001/", "https://2130706433/", "https://127.1/", "https://[::1/", "https://[fe80::1%25eth0]/",
    "https://a.example/\r\nX: y", "https://a example/", "https://\u{e4}.example/", "javascript://a.example/",
    "https://a.example/" + String(repeating: "a", count: 1_100),
  ])
  func whatIsNoAddressIsRefused(_ text: String) {
    #expect(WebhookURL(text) == nil, "\(text)")
  }

  @Test func anAddressIsReadInItsOneSpelling() {
    let url = WebhookURL("HTTPS://Hooks.Example.COM:8443/Some/Path?q=1")
    #expect(url?.text == "https://hooks.example.com:8443/Some/Path?q=1")
    #expect(url?.host == "hooks.example.com" && url?.site == "example.com" && url?.isTLS == true)
    #expect(WebhookURL("https://[2606:4700::1111]/x")?.host == "2606:4700::1111")
    #expect(WebhookURL("https://a.example")?.text == "https://a.example/")
    let messenger = WebhookMessenger(ReachableHosts(ReachableAddresses()))
    #expect(messenger.masked(.init(address: "https://hooks.example.com/secret")) == "https://hooks.example.com/…")
  }

  /// The system's own resolver knows this machine.
  @Test func theSystemIsAsked() async throws {
    #expect(try await ReachableHosts(Self.loopback).address(of: "localhost").description == "127.0.0.1")
    await #expect(throws: DeliveryFault("its name is not found")) {
      try await ReachableHosts(Self.loopback).address(of: "nobody.invalid")
    }
  }
}
