import L402
import NIOCore
import NIOPosix
import Nostr
import Notices
import TestNodes
import Testing

@testable import Relays

/// Relays that renters name: each may be anything.
@Suite(.timeLimit(.minutes(5))) struct HostileRelayTests {
  private static let loopback = ReachableAddresses(allowing: [AddressRange("127.0.0.0/8")].compactMap(\.self))
  private let key = NostrSecretKey.random()
  private var request: NostrEvent { NostrEvent(kind: 1, content: "x", createdAt: 1, by: key) }
  private var filter: RelayFilter { RelayFilter(kinds: [2], by: key.publicKey) }

  private func server(
    upgrades: Bool = true, _ texts: @escaping @Sendable (String) -> [String]
  ) async throws -> (HTTPServer, String) {
    let server = try HTTPServer(webSockets: { _ in upgrades }, texts: texts) { _ in .text(200, "no relay") }
    try await server.start()
    return (server, server.url.replacing("http://", with: "ws://"))
  }

  private func fault(
    of relays: [String], _ event: NostrEvent?, within limit: Duration = .seconds(20),
    reaching: ReachableAddresses = Self.loopback
  ) async throws -> RelayFault? {
    let client = try RelayClient(reaching: reaching)
    do throws(RelayFault) {
      _ = try await client.ask(relays, event, awaiting: filter, within: limit) { _ in true }
      return nil
    } catch { return error }
  }

  @Test func noNeighbourIsReached() async throws {
    let (server, url) = try await server { _ in ["[\"EOSE\",\"leasehold\"]"] }
    for (relay, words) in [
      (url, "loopback"), (url.replacing("127.0.0.1", with: "localhost"), "loopback"),
      ("ws://[::ffff:127.0.0.1]:1", "loopback"), ("ws://169.254.169.254", "metadata"), ("ws://10.0.0.1", "private"),
      ("ws://[::1]:1", "loopback"), ("ws://0x7f000001", "loopback"), ("ws://2130706433", "loopback"),
    ] {
      let fault = try #require(try await fault(of: [relay], nil, reaching: ReachableAddresses()))
      #expect(fault.kind == .notSent && fault.words.contains(words), "\(fault)")
    }
    await server.stop()
  }

  @Test func whatCannotHaveBeenHeardIsToldApart() async throws {
    let (silent, silentURL) = try await server { _ in [] }
    #expect(try await fault(of: [silentURL], request, within: .milliseconds(300))?.kind == .notSent)
    let (taking, takingURL) = try await server { _ in ["[\"EOSE\",\"leasehold\"]"] }
    #expect(try await fault(of: [takingURL], request, within: .seconds(5))?.kind == .unanswered)
    // One that nobody reaches says nothing of the other.
    #expect(try await fault(of: [silentURL, takingURL], request, within: .seconds(5))?.kind == .unanswered)
    let (plain, plainURL) = try await server(upgrades: false) { _ in [] }
    #expect(try await fault(of: [plainURL], request)?.kind == .notSent)
    #expect(try await fault(of: [plainURL.replacing("ws://", with: "wss://")], request)?.kind == .notSent)
    for server in [silent, taking, plain] { await server.stop() }
    #expect(try await fault(of: [plainURL], request)?.kind == .notSent)
    #expect(try await fault(of: ["wss://no-such-name.invalid"], request)?.kind == .notSent)
    #expect(try await fault(of: [], request)?.kind == .notSent)
  }

  @Test func floodsEnd() async throws {
    let flood = (0..<200).map { _ in "[\"NOTICE\",\"\(String(repeating: "x", count: 1_000))\"]" }
    let (server, url) = try await server { _ in flood }
    let fault = try #require(try await fault(of: [url], request))
    #expect(fault.words.contains("says too much") && fault.kind == .notSent)
    await server.stop()
    let huge = ["[\"NOTICE\",\"\(String(repeating: "x", count: 1 << 20))\"]"]
    let (large, largeURL) = try await self.server { _ in huge }
    #expect(try await self.fault(of: [largeURL], request) != nil)
    await large.stop()
  }

  @Test func aRelayThatHangsDelaysNoOther() async throws {
    let answer = NostrEvent(kind: 2, content: "y", createdAt: 2, by: key)
    let (hanging, hangingURL) = try await server { _ in [] }
    let (good, goodURL) = try await server { text in
      text.hasPrefix("[\"REQ\"") ? ["[\"EOSE\",\"leasehold\"]"] : ["[\"EVENT\",\"leasehold\",\(answer.json)]"]
    }
    let client = try RelayClient(reaching: Self.loopback)
    // Who waits for the other meets the day's end, or the test's.
    let found = try await client.ask([hangingURL, goodURL], request, awaiting: filter, within: .seconds(86_400)) { $0 }
    #expect(found == answer)
    await hanging.stop()
    await good.stop()
  }

  @Test func whatIsPublishedIsCounted() async throws {
    let event = request
    let (good, goodURL) = try await server { _ in ["[\"OK\",\"\(event.id)\",true,\"\"]"] }
    let (bad, badURL) = try await server { _ in ["[\"OK\",\"\(event.id)\",false,\"blocked\"]"] }
    let client = try RelayClient(reaching: Self.loopback)
    #expect(try await client.publish(event, to: [goodURL, badURL], within: .seconds(20)) == 1)
    await #expect(throws: RelayFault.self) { try await client.publish(event, to: [badURL], within: .seconds(20)) }
    await good.stop()
    await bad.stop()
  }
}
