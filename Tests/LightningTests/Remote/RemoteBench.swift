import BOLT11
import Engine
import Foundation
import L402
import Lightning
import Macaroons
import NodeRPC
import Synchronization
import TestKit
import TestNodes
import Units

/// An adapter in front of a protocol server, with time and the wire in the test's hands.
final class RemoteBench: FaultyNodeBench, HoldingNodeBench {
  enum Kind: String, CaseIterable, Sendable {
    case cln, clnREST, lnd, lnbits, phoenixd

    /// Whether it pushes what is paid, so that a push can be lost.
    var pushes: Bool { self == .lnbits || self == .phoenixd }
  }

  private enum Wire {
    case unix(UnixServer)
    case http(HTTPServer)

    var faults: WireFaults {
      switch self {
      case .unix(let server): server.faults
      case .http(let server): server.faults
      }
    }
  }

  let kind: Kind
  let clock = ManualClock()
  let book: NodeBook
  private let directory = TemporaryDirectory()
  private let wire: Wire
  private let current: Mutex<(any PayingNode)?> = Mutex(nil)
  private let pushing: @Sendable (PaymentHash) -> Void
  private let secret = Bytes32.random()

  private let sweep: Seconds
  private let losesPushes = Mutex(false)

  init(_ kind: Kind, sweep: Seconds = 600) async throws {
    self.kind = kind
    self.sweep = sweep
    book = NodeBook(clock: clock)
    switch kind {
    case .cln:
      wire = .unix(CLNServer(book).overSocket(directory.path + "/rpc"))
      pushing = { _ in }
    case .clnREST:
      wire = .http(try CLNServer(book).overREST())
      pushing = { _ in }
    case .lnd:
      wire = .http(try LNDServer(book).serve(certificate: TestCertificate.shared.pair))
      pushing = { _ in }
    case .lnbits:
      let wallet = LNbitsServer(book)
      let server = try wallet.serve()
      wire = .http(server)
      pushing = { server.push(wallet.push($0)) }
    case .phoenixd:
      let node = PhoenixdServer(book)
      let server = try node.serve()
      wire = .http(server)
      pushing = { server.push(node.push($0)) }
    }
    try FileManager.default.createDirectory(atPath: directory.path, withIntermediateDirectories: true)
    try await start()
    let made = try adapter()
    current.withLock { $0 = made }
  }

  deinit {
    let wire = wire
    Task {
      switch wire {
      case .unix(let server): await server.stop()
      case .http(let server): await server.stop()
      }
    }
  }

  private func adapter(_ limits: RPCLimits = RPCLimits(answer: 30)) throws -> any PayingNode {
    let url = if case .http(let server) = wire { server.url } else { "" }
    switch kind {
    case .cln: return CLNNode(CLNClient(socket: directory.path + "/rpc", limits: limits), clock: clock)
    case .clnREST:
      return CLNNode(
        try CLNClient(NodeAddress(url), rune: NodeSecret(CLNServer.rune), limits: limits), clock: clock)
    case .lnd:
      let address = try NodeAddress(url, certificateFile: TestCertificate.shared.file)
      return LNDNode(
        try LNDClient(address, macaroon: NodeSecret(LNDServer.macaroon), limits: limits), preimageSecret: secret,
        clock: clock)
    case .lnbits:
      return LNbitsNode(
        try LNbitsClient(
          NodeAddress(url), invoiceKey: NodeSecret(LNbitsServer.invoiceKey),
          adminKey: NodeSecret(LNbitsServer.adminKey), limits: limits), clock: clock, sweep: sweep)
    case .phoenixd:
      return PhoenixdNode(
        try PhoenixdClient(NodeAddress(url), password: NodeSecret(PhoenixdServer.password), limits: limits),
        clock: clock, sweep: sweep)
    }
  }

  // MARK: LightningNodeBench

  struct NoNode: Error {}

  var node: any LightningNode {
    get throws {
      guard let node = current.withLock({ $0 }) else { throw NoNode() }
      return node
    }
  }
  var cancels: Bool { kind != .lnbits && kind != .phoenixd }
  var forgetsCanceled: Bool { kind == .cln || kind == .clnREST }
  var showsLabels: Bool { kind == .lnd }

  func pay(_ bolt11: String) async throws -> Preimage {
    guard let preimage = try book.payIn(bolt11) else { throw NoNode() }
    if !losesPushes.withLock({ $0 }) { pushing(preimage.paymentHash) }
    return preimage
  }

  func payHeld(_ bolt11: String) async throws { _ = try book.payIn(bolt11) }

  func expire(_ invoice: NodeInvoice) async throws {
    clock.set(to: invoice.expiresAt)
    book.changes.ring()
  }

  func restart() async throws {
    try await stop()
    try await start()
    let made = try adapter()
    current.withLock { $0 = made }
  }

  // MARK: PayingNodeBench

  func foreignInvoice(_ amount: Millisatoshi, _ fate: PayeeFate) async throws -> String {
    switch fate {
    case .paid: try book.foreignInvoice(amount)
    case .unroutable: try book.foreignInvoice(amount, fate: .unroutable)
    case .slow: try book.foreignInvoice(amount, fate: .slow)
    }
  }
  func finish(_ hash: PaymentHash) async throws { book.finish(hash) }
  func open(_ hash: PaymentHash) async throws { book.setFate(hash, .paid) }
  func timesPaid(_ hash: PaymentHash) async throws -> Int? { book.timesPaid(hash) }

  // MARK: FaultyNodeBench

  func cut(after bytes: Int) { wire.faults.cut(after: bytes) }
  var wasCut: Bool { wire.faults.wasCut }
  func answer(_ bytes: [UInt8]) { wire.faults.rewrite { _ in bytes } }
  /// The node shows nothing but zeros where it showed this preimage.
  func spoil(_ preimage: Preimage) {
    let zeros = [UInt8](repeating: 0, count: 32)
    func base64(_ bytes: [UInt8]) -> String {
      Data(bytes).base64EncodedString().replacingOccurrences(of: "/", with: "\\/")
    }
    let words = [
      (preimage.hex, String(repeating: "0", count: 64)), (base64(preimage.bytes.array), base64(zeros)),
    ]
    wire.faults.rewrite { body in
      Array(
        words.reduce(String(decoding: body, as: UTF8.self)) { text, word in
          text.replacingOccurrences(of: word.0, with: word.1)
        }.utf8)
    }
  }
  func fallSilent() { wire.faults.beforeAnswering { _ in false } }
  func mend() { wire.faults.mend() }

  func stopWhilePaying() {
    let wire = wire
    wire.faults.beforeAnswering { name in
      guard
        name.contains("xpay") || name.hasPrefix("POST /v2/router/send") || name == "POST /payinvoice"
          || name == "POST /api/v1/payments"
      else { return true }
      switch wire {
      case .unix(let server): await server.stop()
      case .http(let server): await server.stop()
      }
      return false
    }
  }

  func stop() async throws {
    switch wire {
    case .unix(let server): await server.stop()
    case .http(let server): await server.stop()
    }
  }

  func start() async throws {
    switch wire {
    case .unix(let server): try await server.start()
    case .http(let server): try await server.start()
    }
  }

  var impatient: any PayingNode {
    get throws { try adapter(RPCLimits(connect: 1, answer: 1, payment: 2)) }
  }

  var lies: [(name: String, begin: @Sendable () -> Void)] {
    let faults = wire.faults
    func replacing(_ pattern: String, _ text: String) -> @Sendable () -> Void {
      {
        faults.rewrite { body in
          Array(
            String(decoding: body, as: UTF8.self)
              .replacingOccurrences(of: pattern, with: text, options: .regularExpression).utf8)
        }
      }
    }
    let otherHash = PaymentHash(Bytes32.zero).hex
    switch kind {
    case .cln, .clnREST:
      return [
        ("wrong amount", replacing("\"amount_msat\":3000", "\"amount_msat\":2000")),
        ("wrong hash", replacing("\"payment_hash\":\"[0-9a-f]{64}\"", "\"payment_hash\":\"\(otherHash)\"")),
        ("unknown status", replacing("\"status\":\"unpaid\"", "\"status\":\"perhaps\"")),
        ("paid without proof", replacing("\"status\":\"unpaid\"", "\"status\":\"paid\"")),
      ]
    case .lnd:
      let zeros = Data(repeating: 0, count: 32).base64EncodedString()
      return [
        ("wrong amount", replacing("\"value_msat\":\"3000\"", "\"value_msat\":\"2000\"")),
        ("wrong hash", replacing("\"r_hash\":\"[^\"]+\"", "\"r_hash\":\"\(zeros)\"")),
        ("unknown status", replacing("\"state\":\"OPEN\"", "\"state\":\"PERHAPS\"")),
        ("settled without a number", replacing("\"state\":\"OPEN\"", "\"state\":\"SETTLED\"")),
      ]
    case .lnbits:
      return [
        ("wrong amount", replacing("\"amount\":3000", "\"amount\":2000")),
        ("wrong hash", replacing("\"payment_hash\":\"[0-9a-f]{64}\"", "\"payment_hash\":\"\(otherHash)\"")),
        ("unknown status", replacing("\"status\":\"pending\"", "\"status\":\"perhaps\"")),
        ("paid and not paid", replacing("\"status\":\"pending\"", "\"status\":\"success\"")),
      ]
    case .phoenixd:
      return [
        ("wrong hash", replacing("\"paymentHash\":\"[0-9a-f]{64}\"", "\"paymentHash\":\"\(otherHash)\"")),
        ("not a word", replacing("\"isPaid\":false", "\"isPaid\":\"perhaps\"")),
        ("paid without a time", replacing("\"isPaid\":false", "\"isPaid\":true")),
        ("no invoice", replacing("\"invoice\":\"[^\"]+\"", "\"invoice\":\"lnbcrt1\"")),
      ]
    }
  }

  func invoices(under label: String) -> Int {
    book.entries.count { $0.label == label || $0.memo.hasSuffix(" #\(label)") }
  }

  var secrets: [String] {
    [CLNServer.rune, LNDServer.macaroon, LNbitsServer.invoiceKey, LNbitsServer.adminKey, PhoenixdServer.password]
  }

  /// What is paid is pushed to nobody, though somebody listens.
  func losingPushes(_ body: () async throws -> Void) async throws {
    guard case .http(let server) = wire, kind.pushes else {
      throw NodeError(.refused, attempted: "lose a push", words: "this node pushes nothing")
    }
    await server.listeners()
    losesPushes.withLock { $0 = true }
    try await body()
  }
}

/// One certificate and key for all tests, made by openssl as LND makes its own.
struct TestCertificate {
  static let shared = TestCertificate()

  let file: String
  let pair: (certificate: [UInt8], key: [UInt8])

  private init() {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-tls-\(UUID().uuidString)")
      .path
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let openssl = Process()
      openssl.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      openssl.arguments = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
        "-subj", "/O=lnd autogenerated cert/CN=somewhere-else", "-keyout", folder + "/key.pem", "-out",
        folder + "/cert.pem",
      ]
      openssl.standardError = FileHandle.nullDevice
      try openssl.start()
      openssl.waitUntilExit()
      file = folder + "/cert.pem"
      pair = (
        Array(try Data(contentsOf: URL(fileURLWithPath: file))),
        Array(try Data(contentsOf: URL(fileURLWithPath: folder + "/key.pem")))
      )
    } catch {
      preconditionFailure("openssl makes no certificate: \(error)")
    }
  }
}
