import L402
import Macaroons
import Units

/// The provider's Lightning node. Its word is the only evidence of settlement.
///
/// Every call may be repeated: `createInvoice` is idempotent under its label, `cancel` under its hash, settlements
/// under their cursor. One conformance suite in `TestKit` runs over every implementation.
public protocol LightningNode: Sendable {
  /// For logs and `readyz`: `embedded`, `cln`, ….
  var name: String { get }

  func info() async throws(NodeError) -> NodeInfo

  /// Makes an invoice, or returns the one already made under this label.
  ///
  /// - Throws: `.labelTaken` when the label stands for an invoice of another amount.
  func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice

  /// `nil` when the node knows no such invoice.
  func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice?

  /// From here on the invoice cannot settle, or it already has: the answer says which.
  ///
  /// - Throws: `.cannotCancel` where the node has no such call; the caller then waits for the expiry and looks up.
  func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState

  /// Settlements after the cursor, oldest first; at most `limit`. Waits until there is one or the task is cancelled.
  /// `nil` starts at the beginning. The same cursor gives the same settlements again, before and after a restart.
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement]

  /// Whether the node knows of its settlements as far as the cursor. One that was restored from a backup does not, and
  /// would pass over in silence what it settles next. Does not wait.
  func compare(_ cursor: String) async throws(NodeError) -> CursorComparison

  /// What was ever settled and is known still, oldest first, at most `limit`. Does not wait.
  ///
  /// - Throws: `.garbage` where one with a label of ours makes no sense: it is not passed over in silence.
  func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement]
}

/// A settlement cursor against its node.
public enum CursorComparison: Hashable, Sendable {
  case known
  /// The node knows of nothing so late: it was restored, or has deleted what was paid.
  ///
  /// `goOn` is a cursor from which nothing is missed; `nil`: the beginning.
  case ahead(goOn: String?)
}

extension LightningNode {
  /// A node whose cursor is a moment: what it settles next comes after it, whatever it has forgotten.
  public func compare(_ cursor: String) async throws(NodeError) -> CursorComparison { .known }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    throw NodeError(.refused, attempted: "list settlements", words: "this node does not list them")
  }
}

/// A node of which payments can be asked for: refunds.
public protocol PayingNode: LightningNode {
  /// Who pays, and keeps the record of it: nobody else's word counts of a payment that it was ordered to make. The node's
  /// id, and the wallet's where a node keeps several.
  func payerID() async throws(NodeError) -> String
  /// Pays an invoice, once: asked again for the same hash, it reports the payment already made or under way.
  ///
  /// - Throws: an error with ``NodeError/nothingWasSent`` when the order has not left, as when the look-up before it
  ///   failed. After any other the payment may be under way: ``payout(_:)`` says so, now or later.
  func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState
  func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState?
}

extension PayingNode {
  public func payerID() async throws(NodeError) -> String { try await info().nodeID }
}

/// A node that can hold a payment: it has arrived, and is taken or sent back as we decide.
///
/// Pay on success stands on it: the renter's money is held while the resource is made. The preimage is the engine's, and
/// the node learns it only with ``settleHold(_:)``.
public protocol HoldingNode: LightningNode {
  /// Makes an invoice over a payment hash whose preimage only the engine knows, or returns the one already made.
  ///
  /// - Throws: `.labelTaken` when the hash stands for an invoice of another amount.
  func createHoldInvoice(
    _ request: InvoiceRequest, paymentHash: PaymentHash
  ) async throws(NodeError) -> NodeInvoice

  /// Returns as soon as the invoice is no longer open, at once if it is not open now; the state is what it is then.
  ///
  /// - Throws: `.unknownInvoice`; `.unavailable` when the connection is lost: the caller looks up and waits again.
  func waitWhileOpen(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState

  /// Takes a held payment. Twice: it is taken already. The settlement is delivered behind the cursor as any other.
  ///
  /// - Throws: `.unknownInvoice`; `.invoiceExpired` when nothing is held any more.
  func settleHold(_ preimage: Preimage) async throws(NodeError)
}

public enum PayoutState: Hashable, Sendable {
  case pending
  case paid(preimage: Preimage, fee: Millisatoshi)
  /// The node's positive word that no part of it is or will be paid.
  case failed(reason: String)
}

public struct NodeInfo: Hashable, Sendable {
  /// BOLT11's currency prefix: `bc`, `tb`, `bcrt`, ….
  public var network: String
  public var alias: String
  public var nodeID: String

  public init(network: String, alias: String, nodeID: String) {
    self.network = network
    self.alias = alias
    self.nodeID = nodeID
  }
}

public struct InvoiceRequest: Hashable, Sendable {
  /// How the label of every invoice of a lease begins. What begins otherwise is somebody else's.
  public static let labelPrefix = "leasehold/"

  /// Unique per invoice; the idempotency key.
  public var label: String
  public var amount: Millisatoshi
  public var description: String
  /// The invoice carries the SHA-256 of the description and not its words (BOLT 11, field `h`): who pays has them already.
  /// A node that cannot do this refuses; it makes no other invoice instead.
  public var isDescriptionHashed: Bool
  public var expiry: Seconds

  public init(
    label: String, amount: Millisatoshi, description: String, isDescriptionHashed: Bool = false, expiry: Seconds
  ) {
    self.label = label
    self.amount = amount
    self.description = description
    self.isDescriptionHashed = isDescriptionHashed
    self.expiry = expiry
  }

  /// Of the description; 32 bytes.
  public var descriptionHash: [UInt8] {
    var text = description
    return text.withUTF8 { Bytes32.sha256(UnsafeRawBufferPointer($0)) }.array
  }
}

public struct NodeInvoice: Hashable, Sendable {
  public var paymentHash: PaymentHash
  public var bolt11: String
  public var amount: Millisatoshi
  public var expiresAt: Instant
  public var state: InvoiceState
  /// What it was made under, as the node tells; `nil`: it was made without, or the answer does not say.
  public var label: String?

  public init(
    paymentHash: PaymentHash, bolt11: String, amount: Millisatoshi, expiresAt: Instant, state: InvoiceState,
    label: String? = nil
  ) {
    self.paymentHash = paymentHash
    self.bolt11 = bolt11
    self.amount = amount
    self.expiresAt = expiresAt
    self.state = state
    self.label = label
  }

  /// Whether its label is one of ours: of a lease, of this provider or of another on the same node.
  public var isOurs: Bool { label?.hasPrefix(InvoiceRequest.labelPrefix) ?? false }
}

public enum InvoiceState: Hashable, Sendable {
  case open
  /// Hold invoices only: the payment has arrived and waits for ``HoldingNode/settleHold(_:)`` or a cancel.
  case accepted(HeldPayment)
  case settled(NodeSettlement)
  case canceled
  case expired
}

/// A payment that has arrived and is not taken yet.
public struct HeldPayment: Hashable, Sendable {
  /// What arrived; may be more than was asked.
  public var received: Millisatoshi
  /// By then it must be settled or canceled, or the node lets it go by itself: well before the HTLC's CLTV expiry.
  /// `nil` where the node does not say.
  public var decideBy: Instant?

  public init(received: Millisatoshi, decideBy: Instant?) {
    self.received = received
    self.decideBy = decideBy
  }
}

/// The node's word that an invoice was paid.
public struct NodeSettlement: Hashable, Sendable {
  public var paymentHash: PaymentHash
  public var preimage: Preimage
  /// What arrived; may be more than was asked.
  public var received: Millisatoshi
  public var settledAt: Instant
  public var label: String
  /// Where to go on after this one.
  public var cursor: String

  public init(
    paymentHash: PaymentHash, preimage: Preimage, received: Millisatoshi, settledAt: Instant, label: String,
    cursor: String
  ) {
    self.paymentHash = paymentHash
    self.preimage = preimage
    self.received = received
    self.settledAt = settledAt
    self.label = label
    self.cursor = cursor
  }
}

/// What went wrong with the node, in its own words. Never carries a key, macaroon or preimage.
public struct NodeError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Hashable, Sendable {
    /// Not reachable, or not answering in time: try again.
    case unavailable
    /// The label stands for another invoice.
    case labelTaken
    case cannotCancel
    case cannotPay
    case unknownInvoice
    case invoiceExpired
    /// It answered something that makes no sense.
    case garbage
    /// It refused, and will refuse again.
    case refused
  }
  public var kind: Kind
  public var attempted: String
  public var words: String
  /// Nothing that does anything has left for the node: whatever was asked for is certainly not done, and may be asked for
  /// again at once. `false` where that is not certain.
  public var nothingWasSent: Bool

  public init(_ kind: Kind, attempted: String, words: String, nothingWasSent: Bool = false) {
    self.kind = kind
    self.attempted = attempted
    self.words = words
    self.nothingWasSent = nothingWasSent
  }

  public var description: String { "\(attempted): \(kind.rawValue): \(words)" }
}

/// A node whose invoices can be paid by asking it: the embedded one, for trying everything on one machine.
public protocol SelfPayingNode: LightningNode {
  /// Pays one of the node's own invoices. The same preimage again on repetition.
  ///
  /// - Throws: `.unknownInvoice`, `.invoiceExpired`.
  func payOwn(_ bolt11: String) async throws(NodeError) -> Preimage
}
