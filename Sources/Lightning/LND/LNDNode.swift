import Engine
import L402
import Macaroons
import NodeRPC
import Synchronization
import Units

/// LND: it holds payments, numbers settlements, and streams each as it comes.
///
/// It keeps no labels, so two things stand in for them. The preimage of an invoice is derived from its label and a secret
/// of ours: asked again after a crash, the node finds the invoice of that hash. And the label is written behind the
/// description in the memo, ` #label`, which the renter's wallet shows too: that is how any daemon knows what a
/// settlement was for.
public final class LNDNode: LightningNode {
  public let name = "lnd"

  let client: LNDClient
  let clock: any WallClock
  /// How long one wait lasts before it is begun again: a connection that died unheard costs so much.
  let patience: Seconds
  let payments = OneAtATime<PaymentHash>()
  private let preimages: HMACKey
  private let identity = Mutex<String?>(nil)

  /// - Parameter preimageSecret: kept as long as invoices are; who knows it and a label knows the preimage. Another one
  ///   only makes another invoice of a label whose daemon died while it was made.
  public init(_ client: LNDClient, preimageSecret: Bytes32, clock: any WallClock, patience: Seconds = 60) {
    self.client = client
    self.clock = clock
    self.patience = patience
    preimages = HMACKey(preimageSecret)
  }

  public func info() async throws(NodeError) -> NodeInfo {
    let info = try await asking(client.info)
    return try NodeInfo(network: try NodeInfo.network(info.network), alias: info.alias, checkedID: info.id)
  }

  // MARK: Invoices

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let preimage = preimage(of: request.label)
    let memo = try Self.memo(request)
    let bolt11: String
    do throws(RPCError) {
      bolt11 = try await client.createInvoice(
        preimage: preimage.bytes.array, amount: request.amount, memo: memo,
        descriptionHash: request.isDescriptionHashed ? request.descriptionHash : nil, expiry: request.expiry)
    } catch {
      guard LNDClient.saysInvoiceExists(error) else { throw NodeError(error) }
      return try await existing(preimage.paymentHash, for: request)
    }
    return try CheckedInvoice(
      bolt11, hash: preimage.paymentHash.bytes.array, amount: request.amount, "create invoice"
    ).answer(.open, label: request.label)
  }

  /// What was made before under this hash.
  func existing(_ hash: PaymentHash, for request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    guard let found = try await find(hash) else {
      throw .garbage("create invoice", "the node has the invoice and has it not")
    }
    return try await answer(found, "create invoice", for: request)
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    guard let found = try await find(paymentHash) else { return nil }
    return try await answer(found, "look up an invoice")
  }

  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    do throws(RPCError) {
      try await client.cancelInvoice(paymentHash: paymentHash.bytes.array)
    } catch {
      // Settled, or not there: a look tells.
      guard error.code != nil else { throw NodeError(error) }
    }
    guard let found = try await find(paymentHash) else {
      throw NodeError(.unknownInvoice, attempted: "cancel invoice", words: "the node has no invoice of this hash")
    }
    let state = try await answer(found, "cancel invoice").state
    switch state {
    case .settled, .canceled, .expired: return state
    case .open, .accepted:
      throw NodeError(.unavailable, attempted: "cancel invoice", words: "the node did not cancel it")
    }
  }

  private func find(_ paymentHash: PaymentHash) async throws(NodeError) -> LNDInvoice? {
    try await found(paymentHash) { hash throws(RPCError) in try await client.invoice(paymentHash: hash) }
  }

  private func preimage(of label: String) -> Preimage {
    var label = "leasehold preimage of " + label
    return Preimage(label.withUTF8 { preimages.authenticate(UnsafeRawBufferPointer($0)) })
  }

  // MARK: Memos

  private static let mark = " #"

  static func memo(_ request: InvoiceRequest) throws(NodeError) -> String {
    let memo = request.description + mark + request.label
    guard !request.label.contains(mark) else {
      throw NodeError(.refused, attempted: "create invoice", words: "a label must not contain '\(mark)'")
    }
    guard memo.utf8.count <= 639 else {
      throw NodeError(.refused, attempted: "create invoice", words: "description and label are over 639 bytes")
    }
    return memo
  }

  /// What stands behind the last mark; nothing for an invoice that is not ours.
  static func label(of memo: String) -> String {
    guard let mark = memo.range(ofLast: mark) else { return "" }
    return String(memo[mark.upperBound...])
  }

  // MARK: Answers

  func answer(
    _ invoice: LNDInvoice, _ attempted: String, for request: InvoiceRequest? = nil
  ) async throws(NodeError) -> NodeInvoice {
    let checked = try CheckedInvoice(invoice.bolt11, hash: invoice.paymentHash, amount: invoice.amount, attempted)
    if let request { _ = try checked.checked(for: request) }
    let label = Self.label(of: invoice.memo)
    switch invoice.state {
    case .open: return checked.answer(.open, label: label)
    case .accepted: return checked.answer(.accepted(try await held(invoice)), label: label)
    // The node cancels what runs out; the clock tells which it was.
    case .canceled:
      return checked.answer(checked.invoice.isExpired(at: clock.now()) ? .expired : .canceled, label: label)
    case .settled:
      return checked.answer(.settled(try settlement(invoice, on: try await nodeIdentity())), label: label)
    }
  }

  func settlement(_ invoice: LNDInvoice, on identity: String) throws(NodeError) -> NodeSettlement {
    guard invoice.settleIndex > 0 else { throw .garbage("settlement", "a settled invoice without its number") }
    return try NodeSettlement(
      hash: invoice.paymentHash, preimage: invoice.preimage, received: invoice.received, at: invoice.settledAt,
      label: Self.label(of: invoice.memo),
      cursor: CountCursor(identity: identity, index: invoice.settleIndex).text, "settlement")
  }

  func nodeIdentity() async throws(NodeError) -> String {
    if let known = identity.withLock({ $0 }) { return known }
    let id = String(try await info().nodeID.prefix(16))
    identity.withLock { $0 = id }
    return id
  }
}

extension String {
  fileprivate func range(ofLast mark: String) -> Range<String.Index>? {
    var end = endIndex
    while end > startIndex {
      end = index(before: end)
      if self[end...].hasPrefix(mark) { return end..<index(end, offsetBy: mark.count) }
    }
    return nil
  }
}
