import BOLT11
import Engine
import L402
import NodeRPC
import Units

/// What the adapters of remote nodes have in common: a node's answers are held against what was asked before anybody
/// believes them.
extension NodeError {
  init(_ error: RPCError) {
    let kind: Kind =
      switch error.kind {
      case .notSent, .lost: .unavailable
      case .garbage: .garbage
      case .refused: .refused
      }
    self.init(kind, attempted: error.attempted, words: error.words, nothingWasSent: error.kind == .notSent)
  }

  static func garbage(_ attempted: String, _ words: String) -> NodeError {
    NodeError(.garbage, attempted: attempted, words: words)
  }
}

/// Runs calls of a client, and tells its errors in the engine's words.
func asking<T: Sendable>(_ body: () async throws(RPCError) -> T) async throws(NodeError) -> T {
  do throws(RPCError) {
    return try await body()
  } catch {
    throw NodeError(error)
  }
}

/// The same of what only looks, before anything is ordered: whatever goes wrong, nothing was.
func beforeAnOrder<T: Sendable>(_ body: () async throws(RPCError) -> T) async throws(NodeError) -> T {
  do throws(NodeError) {
    return try await asking(body)
  } catch {
    var error = error
    error.nothingWasSent = true
    throw error
  }
}

/// An invoice as a client shows it.
protocol HashedInvoice: Sendable {
  var paymentHash: [UInt8] { get }
}

extension CLNInvoice: HashedInvoice {}
extension LNDInvoice: HashedInvoice {}

/// Asks for the invoice of a payment hash, and makes sure that it is the one that was asked for.
func found<Found: HashedInvoice>(
  _ hash: PaymentHash, _ ask: ([UInt8]) async throws(RPCError) -> Found?
) async throws(NodeError) -> Found? {
  let found = try await asking { () throws(RPCError) in try await ask(hash.bytes.array) }
  guard found == nil || found?.paymentHash == hash.bytes.array else {
    throw .garbage("look up an invoice", "the node answered with another invoice")
  }
  return found
}

/// Facts about an invoice as a node tells them, checked against the invoice itself.
struct CheckedInvoice {
  var paymentHash: PaymentHash
  var invoice: Invoice
  var amount: Millisatoshi

  /// - Parameter amount: what the node says, or what it was asked for.
  /// - Throws: `.garbage` when text, hash and amount are not of one invoice.
  init(_ bolt11: String, hash: [UInt8], amount: Millisatoshi?, _ attempted: String) throws(NodeError) {
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(bolt11)
    } catch {
      throw .garbage(attempted, "its invoice does not parse: \(error)")
    }
    guard invoice.paymentHash == hash, let paymentHash = PaymentHash(hash) else {
      throw .garbage(attempted, "its invoice has another payment hash")
    }
    guard let asked = invoice.amount, amount == nil || asked == amount else {
      throw .garbage(attempted, "its invoice is for another amount")
    }
    self.paymentHash = paymentHash
    self.invoice = invoice
    self.amount = asked
  }

  func answer(_ state: InvoiceState, label: String?) -> NodeInvoice {
    NodeInvoice(
      paymentHash: paymentHash, bolt11: invoice.text, amount: amount, expiresAt: invoice.expiresAt, state: state,
      label: label)
  }

  /// What stands under a label is the answer to who asks for it again, if it is what was asked for.
  func checked(for request: InvoiceRequest) throws(NodeError) -> CheckedInvoice {
    guard amount == request.amount else {
      throw NodeError(
        .labelTaken, attempted: "create invoice",
        words: "\(request.label) stands for an invoice of \(amount.count) msat")
    }
    return self
  }
}

extension NodeSettlement {
  /// - Throws: `.garbage` when the preimage does not prove the payment, or the amount cannot be.
  init(
    hash: [UInt8], preimage: [UInt8]?, received: Millisatoshi, at: Instant, label: String, cursor: String,
    _ attempted: String
  ) throws(NodeError) {
    guard let hash = PaymentHash(hash), let preimage = preimage.flatMap({ Preimage($0) }),
      preimage.paymentHash == hash
    else { throw .garbage(attempted, "a settlement without the preimage of its hash") }
    guard received >= .zero, received <= .supply else { throw .garbage(attempted, "an amount that cannot be") }
    self.init(
      paymentHash: hash, preimage: preimage, received: received, settledAt: at, label: label, cursor: cursor)
  }
}

extension [NodeSettlement] {
  /// Adds what a row of a node's list says. A row that makes no sense is passed over when it is none of ours; one of ours
  /// holds up nothing that stands before it.
  ///
  /// - Returns: whether to go on; `false` when what was found is to be told first.
  /// - Throws: what `read` throws of a row of ours that comes first.
  mutating func add(
    label: String, _ read: () throws(NodeError) -> NodeSettlement
  ) throws(NodeError) -> Bool {
    do throws(NodeError) {
      append(try read())
    } catch {
      guard label.hasPrefix(InvoiceRequest.labelPrefix) else { return true }
      guard isEmpty else { return false }
      throw error
    }
    return true
  }

  /// The same where all is asked for: a list that keeps quiet about one of ours is no list.
  ///
  /// - Throws: what `read` throws of a row of ours.
  mutating func addToWhole(
    label: String, _ read: () throws(NodeError) -> NodeSettlement
  ) throws(NodeError) {
    do throws(NodeError) {
      append(try read())
    } catch {
      if label.hasPrefix(InvoiceRequest.labelPrefix) { throw error }
    }
  }
}

extension NodeInfo {
  /// The chain in each node's words.
  static func network(_ word: String) throws(NodeError) -> String {
    switch word {
    case "bitcoin", "mainnet": Network.mainnet.rawValue
    case "testnet", "testnet3", "testnet4": Network.testnet.rawValue
    case "signet": Network.signet.rawValue
    case "regtest": Network.regtest.rawValue
    default: throw .garbage("info", "the node is on a chain that is not known: \(RPCError.plain(word))")
    }
  }

  init(network: String, alias: String, checkedID id: String) throws(NodeError) {
    guard Hex.bytes(id)?.count == 33 else { throw .garbage("info", "the node's id is no key") }
    self.init(network: network, alias: alias, nodeID: id.lowercased())
  }
}

extension PayoutState {
  /// - Throws: `.garbage` when the preimage does not prove the payment.
  init(_ payment: OutgoingPayment, of hash: PaymentHash) throws(NodeError) {
    switch payment {
    case .pending: self = .pending
    case .failed(let reason): self = .failed(reason: reason)
    case .paid(let preimage, let fee):
      guard let preimage = Preimage(preimage), preimage.paymentHash == hash else {
        throw .garbage("pay", "a payment without the preimage of its hash")
      }
      self = .paid(preimage: preimage, fee: fee)
    }
  }
}

/// An invoice that somebody wants to be paid by us.
struct PayableInvoice {
  var invoice: Invoice
  var hash: PaymentHash
  var amount: Millisatoshi

  init(_ text: String) throws(NodeError) {
    do {
      invoice = try Invoice.parse(text)
    } catch {
      throw NodeError(.cannotPay, attempted: "pay", words: "it is no invoice: \(error)")
    }
    guard let amount = invoice.amount else {
      throw NodeError(.cannotPay, attempted: "pay", words: "the invoice names no amount")
    }
    guard let hash = PaymentHash(invoice.paymentHash) else { preconditionFailure("a payment hash is 32 bytes") }
    self.hash = hash
    self.amount = amount
  }
}

/// Pays once: what was paid, or is under way, is the answer to who asks again. Only a payment that failed is tried anew.
///
/// A refusal is no proof: the node may be at it since an earlier call of which nobody heard. Its list of payments is
/// asked, and only what is not there has failed. Where no answer came, that is the answer: who called looks it up. Before
/// the order nothing was sent, and the error says so; of a look after it, it never does.
func payOnce(
  _ payable: PayableInvoice,
  lookup: () async throws(RPCError) -> OutgoingPayment?,
  pay: () async throws(RPCError) -> OutgoingPayment
) async throws(NodeError) -> PayoutState {
  switch try await beforeAnOrder(lookup) {
  case .some(.paid(let preimage, let fee)):
    return try PayoutState(.paid(preimage: preimage, fee: fee), of: payable.hash)
  case .some(.pending): return .pending
  case .some(.failed), nil: break
  }
  let outcome: OutgoingPayment
  do throws(RPCError) {
    outcome = try await pay()
  } catch {
    guard error.code != nil else { throw NodeError(error) }
    do throws(RPCError) {
      outcome = try await lookup() ?? .failed(reason: error.words)
    } catch {
      throw NodeError(error.afterAnOrder)
    }
  }
  return try PayoutState(outcome, of: payable.hash)
}
