import Engine
import L402
import NodeRPC
import Synchronization
import Units

/// Core Lightning: labels are unique there, settlements are numbered, and the node says when the next one comes.
///
/// It forgets what it cancels: a canceled invoice is unknown from then on, and its label free.
public final class CLNNode: PayingNode {
  public let name = "cln"

  private let client: CLNClient
  private let clock: any WallClock
  /// How long one wait for a settlement lasts before it is begun again: a connection that died unheard costs so much.
  private let patience: Seconds
  private let identity = Mutex<String?>(nil)
  private let payments = OneAtATime<PaymentHash>()

  public init(_ client: CLNClient, clock: any WallClock, patience: Seconds = 60) {
    self.client = client
    self.clock = clock
    self.patience = patience
  }

  public func info() async throws(NodeError) -> NodeInfo {
    let info = try await asking(client.info)
    return try NodeInfo(network: try NodeInfo.network(info.network), alias: info.alias, checkedID: info.id)
  }

  public func createInvoice(_ request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let made: CLNClient.Created
    do throws(RPCError) {
      made = try await client.createInvoice(
        label: request.label, amount: request.amount, description: request.description,
        hashesDescription: request.isDescriptionHashed, expiry: request.expiry)
    } catch {
      guard error.code == CLNClient.Code.labelTaken else { throw NodeError(error) }
      return try await existing(for: request)
    }
    return try CheckedInvoice(made.bolt11, hash: made.paymentHash, amount: request.amount, "create invoice")
      .answer(.open, label: request.label)
  }

  private func existing(for request: InvoiceRequest) async throws(NodeError) -> NodeInvoice {
    let existing = try await asking { () throws(RPCError) in try await client.invoice(label: request.label) }
    guard let existing else {
      throw NodeError(.unavailable, attempted: "create invoice", words: "the invoice of this label was just deleted")
    }
    return try await answer(existing, "create invoice", for: request)
  }

  public func lookup(_ paymentHash: PaymentHash) async throws(NodeError) -> NodeInvoice? {
    guard let found = try await find(paymentHash) else { return nil }
    return try await answer(found, "look up an invoice")
  }

  private func find(_ paymentHash: PaymentHash) async throws(NodeError) -> CLNInvoice? {
    try await found(paymentHash) { hash throws(RPCError) in try await client.invoice(paymentHash: hash) }
  }

  /// An invoice that is not there cannot settle: that is also how one looks that was canceled before.
  public func cancel(_ paymentHash: PaymentHash) async throws(NodeError) -> InvoiceState {
    guard let found = try await find(paymentHash) else { return .canceled }
    switch found.status {
    case .paid, .expired: return try await answer(found, "cancel invoice").state
    case .unpaid: break
    }
    do throws(RPCError) {
      try await client.deleteUnpaidInvoice(label: found.label)
      return .canceled
    } catch {
      // It was deleted, paid or ran out meanwhile: a look says which.
      let codes = [CLNClient.Code.unknownInvoice, CLNClient.Code.statusDiffers]
      guard let code = error.code, codes.contains(code) else { throw NodeError(error) }
    }
    guard let now = try await find(paymentHash) else { return .canceled }
    let state = try await answer(now, "cancel invoice").state
    guard state != .open else {
      throw NodeError(.unavailable, attempted: "cancel invoice", words: "the invoice is still open")
    }
    return state
  }

  // MARK: Settlements

  /// As `LightningNode` says; a cancelled task gets an empty list.
  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    let identity = try await nodeIdentity()
    var place = CountCursor(cursor, on: identity)
    var found: [NodeSettlement] = []
    while found.count < limit {
      let next: CLNInvoice?
      do throws(RPCError) {
        next = try await client.waitAnyInvoice(after: place.index, for: found.isEmpty ? patience : .zero)
      } catch {
        // What was found is not held back because the node went away.
        if Task.isCancelled || !found.isEmpty { return found }
        throw NodeError(error)
      }
      guard let next else {
        if found.isEmpty, !Task.isCancelled { continue }
        return found
      }
      guard case .paid(let payment) = next.status, payment.index > place.index else {
        guard found.isEmpty else { return found }
        throw .garbage("wait for a settlement", "the node answered with one that was before")
      }
      let goesOn = try found.add(label: next.label) { () throws(NodeError) in
        try settlement(next, payment, on: identity)
      }
      guard goesOn else { return found }
      place.index = payment.index
    }
    return found
  }

  /// The node counts on from the last settlement it knows. What it deleted is not listed either, so that a cursor on a
  /// deleted one looks as if it were ahead; going back costs some that are heard of twice.
  public func compare(_ cursor: String) async throws(NodeError) -> CursorComparison {
    let identity = try await nodeIdentity()
    let place = CountCursor(cursor, on: identity)
    guard place.index > 0 else { return .known }
    var (base, step) = (place.index - 1, Int64(1))
    while true {
      let last = base
      let found = try await asking { () throws(RPCError) in try await client.waitAnyInvoice(after: last, for: .zero) }
      if found != nil {
        let isKnown = base == place.index - 1
        return isKnown ? .known : .ahead(goOn: CountCursor(identity: identity, index: base).text)
      }
      guard base > 0 else { return .ahead(goOn: nil) }
      base = max(0, base - step)
      step *= 2
    }
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    let identity = try await nodeIdentity()
    var index: Int64 = 0
    var found: [NodeSettlement] = []
    while found.count < limit {
      let last = index
      let next = try await asking { () throws(RPCError) in try await client.waitAnyInvoice(after: last, for: .zero) }
      guard let next else { break }
      guard case .paid(let payment) = next.status, payment.index > index else {
        throw .garbage("list settlements", "the node answered with one that was before")
      }
      index = payment.index
      try found.addToWhole(label: next.label) { () throws(NodeError) in
        try settlement(next, payment, on: identity)
      }
    }
    return found
  }

  private func nodeIdentity() async throws(NodeError) -> String {
    if let known = identity.withLock({ $0 }) { return known }
    let id = String(try await info().nodeID.prefix(16))
    identity.withLock { $0 = id }
    return id
  }

  private func settlement(
    _ invoice: CLNInvoice, _ payment: CLNInvoice.Payment, on identity: String
  ) throws(NodeError) -> NodeSettlement {
    try NodeSettlement(
      hash: invoice.paymentHash, preimage: payment.preimage, received: payment.received, at: payment.at,
      label: invoice.label, cursor: CountCursor(identity: identity, index: payment.index).text,
      "wait for a settlement")
  }

  private func answer(
    _ invoice: CLNInvoice, _ attempted: String, for request: InvoiceRequest? = nil
  ) async throws(NodeError) -> NodeInvoice {
    let checked = try CheckedInvoice(invoice.bolt11, hash: invoice.paymentHash, amount: invoice.amount, attempted)
    if let request { _ = try checked.checked(for: request) }
    switch invoice.status {
    case .unpaid: return checked.answer(.open, label: invoice.label)
    case .expired: return checked.answer(.expired, label: invoice.label)
    case .paid(let payment):
      return checked.answer(
        .settled(try settlement(invoice, payment, on: try await nodeIdentity())), label: invoice.label)
    }
  }

  // MARK: Payments

  public func pay(_ invoice: String, maxFee: Millisatoshi) async throws(NodeError) -> PayoutState {
    let payable = try PayableInvoice(invoice)
    return try await payments.run(payable.hash) { () throws(NodeError) in
      try await payOnce(
        payable,
        lookup: { () throws(RPCError) in try await client.payment(payable.invoice.paymentHash, at: clock.now()) },
        pay: { () throws(RPCError) in try await client.pay(payable.invoice, maxFee: maxFee) })
    }
  }

  public func payout(_ paymentHash: PaymentHash) async throws(NodeError) -> PayoutState? {
    let now = clock.now()
    let found = try await asking { () throws(RPCError) in try await client.payment(paymentHash.bytes.array, at: now) }
    return try found.map { payment throws(NodeError) in try PayoutState(payment, of: paymentHash) }
  }
}
