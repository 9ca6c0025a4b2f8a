import Engine
import Foundation
import Lightning
import Macaroons
import NodeRPC
import Synchronization
import Units

/// Two nodes with a way between them. Both are asked for invoices, and both pay.
struct RealPair: Codable, Sendable {
  var node: Access
  var payer: Access

  /// `{"kind": "cln", "socket": …}`, `{"kind": "cln", "url": …, "certificate_file": …, "rune_file": …}`,
  /// `{"kind": "lnd", "url": …, "certificate_file": …, "macaroon_file": …}`,
  /// `{"kind": "phoenixd", "url": …, "password_file": …}`, `{"kind": "lnbits", "url": …, "admin_key": …}`.
  struct Access: Codable, Sendable {
    /// That of the variable when it is left out.
    var kind: String?
    var socket: String?
    var url: String?
    var certificateFile: String?
    var runeFile: String?
    var macaroonFile: String?
    var passwordFile: String?
    var adminKey: String?

    func open() throws -> any PayingNode {
      let limits = RPCLimits(answer: 60)
      let clock = RealClock()
      if let socket { return CLNNode(CLNClient(socket: socket, limits: limits), clock: clock) }
      let address = try NodeAddress(url ?? "", certificateFile: certificateFile)
      switch kind {
      case "cln":
        return CLNNode(
          try CLNClient(address, rune: try NodeSecret.text(inFile: runeFile ?? ""), limits: limits),
          clock: clock)
      case "lnd":
        return LNDNode(
          try LNDClient(address, macaroon: try NodeSecret.hexadecimal(inFile: macaroonFile ?? ""), limits: limits),
          preimageSecret: .random(), clock: clock)
      case "lnbits":
        return LNbitsNode(
          try LNbitsClient(address, invoiceKey: nil, adminKey: NodeSecret(adminKey ?? ""), limits: limits),
          clock: clock, sweep: 5)
      case "phoenixd":
        return PhoenixdNode(
          try PhoenixdClient(address, password: try NodeSecret.text(inFile: passwordFile ?? ""), limits: limits),
          clock: clock, sweep: 5)
      default: throw RealBench.Unfit(words: "there is no node of kind '\(kind ?? "")'")
      }
    }
  }

  init(node: Access, payer: Access) {
    self.node = node
    self.payer = payer
  }

  /// What a variable names: `{"node": …, "payer": …}`; or one ``Access`` and the payer in a second variable of the same
  /// kind; or, for Core Lightning, the path of a socket in place of an access. A node without a payer pays itself.
  init(_ text: String, payer: String?, kind: String) throws {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    func access(_ text: String) throws -> Access {
      var access =
        text.hasPrefix("/")
        ? Access(kind: kind, socket: text) : try decoder.decode(Access.self, from: Data(text.utf8))
      access.kind = access.kind ?? kind
      return access
    }
    if let pair = try? decoder.decode(RealPair.self, from: Data(text.utf8)) {  // Otherwise it is one node.
      self = pair
      node.kind = node.kind ?? kind
      self.payer.kind = self.payer.kind ?? kind
    } else {
      node = try access(text)
      self.payer = try payer.map(access) ?? node
    }
  }

  private static let balanced = Mutex<[String: Task<Void, any Error>]>([:])

  /// Sees to it, once for all tests, that each can pay the other: in a new channel everything is on the side of the one
  /// who opened it, and a part of it has to stay on each side.
  func balance(_ name: String) async throws {
    let task = Self.balanced.withLock { balanced in
      if let begun = balanced[name] { return begun }
      let task = Task {
        try await Self.ensure(payer, canPay: node)
        try await Self.ensure(node, canPay: payer)
      }
      balanced[name] = task
      return task
    }
    try await task.value
  }

  private static func ensure(_ one: Access, canPay other: Access) async throws {
    let (debtor, creditor) = (try one.open(), try other.open())
    func invoice(_ node: any PayingNode, _ amount: Millisatoshi) async throws -> String {
      let label = "test-balance/\(UInt64.random(in: .min ... .max))"
      return try await node.createInvoice(
        InvoiceRequest(label: label, amount: amount, description: "balance", expiry: 600)
      ).bolt11
    }
    var last = PayoutState.pending
    for satoshis: Int64 in [0, 20_000, 200_000, 2_000_000] {
      if satoshis > 0 {
        _ = try await creditor.pay(invoice(debtor, Millisatoshi(satoshis: satoshis)), maxFee: 1_000_000)
      }
      last = try await debtor.pay(invoice(creditor, 1_000_000), maxFee: 100_000)
      if case .paid = last { return }
    }
    throw RealBench.Unfit(words: "one of the nodes cannot pay the other: \(last)")
  }
}
