import BOLT11
import Engine
import Foundation
import L402
import Notices
import Synchronization
import TestKit
import TestNodes
import Testing
import Units

@testable import Relays

/// Wallets made with another's software, behind another's relay.
@Suite(.needs(.nostr), .timeLimit(.minutes(10))) struct NostrWalletsTests {
  /// A relay, a wallet, and where the wallet pays.
  private final class Net {
    let relay: Child
    let url: String
    let payer: HTTPServer
    private let folder = FileManager.default.temporaryDirectory.path + "/leasehold-nostr-\(UUID().uuidString)"
    private(set) var children: [Child] = []
    let wallets: NostrWallets
    let impatient: NostrWallets
    let preimage = Preimage.random()

    init() async throws {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      relay = try Child("nostr/relay", folder)
      url = try await relay.line()
      let told = preimage.hex
      payer = try HTTPServer { _ in .json(200, ["preimage": told]) }
      try await payer.start()
      let reachable = ReachableAddresses(allowing: [AddressRange("127.0.0.0/8")].compactMap(\.self))
      // What a busy machine delays is not what is tried here.
      wallets = NostrWallets(
        try RelayClient(reaching: reachable), clock: SystemTime(), paying: .seconds(86_400), looking: .seconds(86_400))
      impatient = NostrWallets(try RelayClient(reaching: reachable), clock: SystemTime(), looking: .seconds(2))
    }

    /// The URI of a wallet of this manner.
    func wallet(_ manner: String) async throws -> (uri: String, child: Child) {
      let child = try Child("nostr/wallet", url, payer.url + "/pay", manner)
      children.append(child)
      return (try await child.line(), child)
    }

    func end() async {
      for child in children + [relay] { child.end() }
      await payer.stop()
      try? FileManager.default.removeItem(atPath: folder)  // It lies among temporary things.
    }
  }

  private struct SystemTime: WallClock {
    func now() -> Instant { Instant(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
  }

  private static func with(_ body: (Net) async throws -> Void) async throws {
    let net = try await Net()
    let outcome: Result<Void, any Error>
    do { outcome = .success(try await body(net)) } catch { outcome = .failure(error) }
    await net.end()
    try outcome.get()
  }

  private func invoice(_ preimage: Preimage) throws -> String {
    try InvoiceDraft(
      network: .regtest, amount: 1_000, timestamp: SystemTime().now(),
      paymentHash: preimage.paymentHash.bytes.array, paymentSecret: Preimage.random().bytes.array,
      subject: .description("a period")
    ).sign(with: .random()).text
  }

  private var soon: Instant { SystemTime().now() + 60 }

  @Test func itPaysAndSaysSo() async throws {
    try await Self.with { net in
      let (uri, child) = try await net.wallet("honest")
      try await net.wallets.introduce(uri)
      #expect(try net.wallets.outline(of: uri).relays == [net.url])
      let hash = net.preimage.paymentHash
      #expect(try await net.wallets.lookUp(hash, in: uri) == .unknown)
      #expect(try await child.line() == "lookup_invoice \(hash.hex)")
      #expect(try await net.wallets.pay(try invoice(net.preimage), from: uri, until: soon) == .paid)
      #expect(try await child.line() == "pay_invoice \(hash.hex)")
      #expect(try await net.wallets.lookUp(hash, in: uri) == .paid)
      // Somebody who has the wallet's name and not the secret is not answered.
      let thief = uri.prefix { $0 != "&" } + "&secret=" + Preimage.random().hex
      await #expect(throws: WalletFault.self) { try await net.impatient.lookUp(hash, in: String(thief)) }
    }
  }

  @Test func whatItWillNotDoIsTold() async throws {
    try await Self.with { net in
      let (old, _) = try await net.wallet("nip04")
      await #expect {
        try await net.wallets.introduce(old)
      } throws: { ($0 as? WalletFault)?.kind == .unfit && "\($0)".contains("NIP-04") }
      let (refusing, _) = try await net.wallet("refuses")
      #expect(
        try await net.wallets.pay(try invoice(net.preimage), from: refusing, until: soon)
          == .refused("the wallet says QUOTA_EXCEEDED: not so much"))
      // Others answer first, in the wallet's place.
      let (robbed, _) = try await net.wallet("mischief")
      #expect(try await net.wallets.pay(try invoice(net.preimage), from: robbed, until: soon) == .paid)
      #expect(try await net.wallets.lookUp(net.preimage.paymentHash, in: robbed) == .paid)
      let nobody = "nostr+walletconnect://\(String(robbed.dropFirst(22).prefix(64)))?relay=ws://127.0.0.1:1&secret="
      await #expect {
        try await net.wallets.introduce(nobody + Preimage.random().hex)
      } throws: { ($0 as? WalletFault)?.kind == .unreachable }
      #expect(throws: WalletFault.self) { try net.wallets.outline(of: "nostr+walletconnect://x") }
    }
  }
}

/// A program of `Tests/Clients`, in the Python that has what it needs. It ends with its standard input.
final class Child {
  private let process = Process()
  private let input = Pipe()
  private let output = Pipe()
  private var rest: [UInt8] = []

  init(_ script: String, _ arguments: String...) throws {
    let python = try #require(ProcessInfo.processInfo.environment["LEASEHOLD_TEST_NOSTR"])
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [root.appendingPathComponent("Tests/Clients/\(script).py").path] + arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.start()
  }

  /// The next line that it says.
  func line() async throws -> String {
    while true {
      if let end = rest.firstIndex(of: 10) {
        defer { rest.removeFirst(end + 1) }
        return String(decoding: rest[..<end], as: UTF8.self)
      }
      // On a thread of its own: the pool's are few, and others' deadlines run on them.
      let output = output.fileHandleForReading
      let more = await withCheckedContinuation { continuation in
        Thread.detachNewThread { continuation.resume(returning: output.availableData) }
      }
      try #require(!more.isEmpty, "it has ended")
      rest += more
    }
  }

  func end() {
    try? input.fileHandleForWriting.close()  // It may have ended already.
    process.waitUntilExit()
  }
}
