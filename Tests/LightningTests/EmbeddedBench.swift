import BOLT11
import Engine
import L402
import Lightning
import Synchronization
import TestKit
import Testing
import Units

/// The embedded node in a folder of its own, with time in the test's hands.
final class EmbeddedBench: HoldingNodeBench, PayingNodeBench {
  let directory = TemporaryDirectory()
  let clock = ManualClock()
  let cancels = true
  private let current: Mutex<EmbeddedNode>

  init() throws {
    current = Mutex(try EmbeddedNode(directory: directory.path, clock: clock))
  }

  var embedded: EmbeddedNode { current.withLock { $0 } }
  var node: any LightningNode { embedded }

  func pay(_ bolt11: String) async throws -> Preimage { try await embedded.payOwn(bolt11) }

  /// The payer waits until the payment is taken or sent back; nobody waits for the payer.
  func payHeld(_ bolt11: String) async throws {
    let node = embedded
    let hash = try #require(PaymentHash(try Invoice.parse(bolt11).paymentHash))
    Task { try await node.payOwn(bolt11) }
    guard case .accepted = try await node.waitWhileOpen(hash) else {
      throw NodeError(.refused, attempted: "pay", words: "the payment is not held")
    }
  }

  // It reaches its own invoices, and at once: there is no payee that is slow or out of reach.
  static var fates: Set<PayeeFate> { [.paid] }
  func foreignInvoice(_ amount: Millisatoshi, _ fate: PayeeFate) async throws -> String {
    let label = "foreign \(UInt64.random(in: .min ... .max))"
    return try await embedded.createInvoice(request(label, amount: amount)).bolt11
  }
  func finish(_ hash: PaymentHash) async throws {}
  func open(_ hash: PaymentHash) async throws {}
  func timesPaid(_ hash: PaymentHash) async throws -> Int? {
    try await settlements(count: 1).count { $0.paymentHash == hash }
  }

  func expire(_ invoice: NodeInvoice) async throws { clock.set(to: invoice.expiresAt) }

  func restart() async throws {
    embedded.close()
    let next = try EmbeddedNode(directory: directory.path, clock: clock)
    current.withLock { $0 = next }
  }

  func invoice(_ label: String, expiry: Seconds = 600) async throws -> NodeInvoice {
    try await embedded.createInvoice(
      InvoiceRequest(label: label, amount: 1_000, description: "lease", expiry: expiry))
  }
}
