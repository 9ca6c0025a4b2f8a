import BOLT11
import L402
import Leasing
import Ledger
import Logging
import Macaroons
import Units

/// Has the node make invoices for which the right is reserved, and opens them.
struct Minting: Sendable {
  let clock: any WallClock
  let limits: MintLimits
  let holds: Holds
  /// Rung when there is a payment more to be held.
  let awaited: Bell
  let nodeWatch: NodeWatch
  let hashing: NodeHashing
  /// The chain that invoices must be for.
  let network: String
  let challenges: Challenges
  let openings: Openings
  let log: Logger

  /// An invoice of a node that keeps play money for whoever asks. It lasts as a challenge does, and costs as much of the
  /// asker's budget.
  func walletInvoice(
    of node: any SelfPayingNode, _ amount: Millisatoshi, _ caller: Caller
  ) async throws -> NodeInvoice {
    try limits.spend(for: caller)
    return try await node.createInvoice(
      InvoiceRequest(
        label: "wallet/\(Preimage.random().paymentHash.hex)", amount: amount, description: "to a wallet",
        expiry: .hour))
  }

  /// Has the node make the invoice of a reservation, and opens it together with the token of its challenge.
  func mint(
    _ order: InvoiceOrder, as id: Int64, of lease: Lease, periods: Int64, shown: VerifiedCredential?, _ caller: Caller
  ) async throws -> PaymentDemand {
    try await open(
      order, as: id,
      spending: {
        // A quote has spent it before it took capacity.
        if order.purpose != .purchase {
          try limits.spendRenewal(of: order.lease, for: caller, isHolders: shown != nil || caller.isWallet)
        }
      },
      giving: { try challenges.new(for: $0, lease: lease, periods: periods, shown: shown) })
  }

  /// The same without any challenge: whoever pays is given nothing.
  func mintAlone(_ order: InvoiceOrder, as id: Int64, _ caller: Caller) async throws -> InvoiceRecord {
    try await open(
      order, as: id, spending: { try limits.spendExtension(of: order.lease, for: caller) }, giving: { ($0, nil) })
  }

  private func open<Given: Sendable>(
    _ order: InvoiceOrder, as id: Int64, spending: () throws -> Void,
    giving: (InvoiceRecord) throws -> (Given, TokenRecord?)
  ) async throws -> Given {
    do {
      try spending()
      let invoice = try await made(order, as: id)
      let (given, token) = try giving(invoice)
      guard let hash = invoice.paymentHash, let bolt11 = invoice.bolt11 else {
        throw StoreError(.invariant, "an invoice that was made has both")
      }
      let opening = InvoiceOpening(
        id: id, paymentHash: hash, bolt11: bolt11, expiresAt: invoice.expiresAt, token: token)
      // A lease in service may be locked by somebody, for which quotes do not wait.
      if order.purpose == .purchase {
        try await openings.join(opening)
      } else {
        try await openings.alone(opening)
      }
      if order.holdEpoch != nil { awaited.ring() }
      return given
    } catch {
      // The reservation is given up whatever went wrong, also when this task was cancelled; where even that fails,
      // it lapses.
      if let error = await openings.giveUp(id) {
        log.warning("an invoice reservation was left to lapse", metadata: ["error": "\(error)"])
      }
      guard let error = error as? NodeError else { throw error }
      let refusal = nodeWatch.refusal(for: error)
      guard order.hashedDescription != nil, error.kind == .refused || error.kind == .garbage else { throw refusal }
      hashing.failed(at: clock.now())
      throw NodeHashing.refusal
    }
  }

  private func made(_ order: InvoiceOrder, as id: Int64) async throws -> InvoiceRecord {
    let expiry = Seconds(max(1, order.expiresAt.microseconds(since: order.at) / 1_000_000))
    let made = try await holds.make(
      order,
      InvoiceRequest(
        label: order.label, amount: order.amount,
        description: order.hashedDescription ?? "Leasehold \(order.slot) \(order.lease)",
        isDescriptionHashed: order.hashedDescription != nil, expiry: expiry))
    nodeWatch.hasAnswered()
    try check(made, against: order)
    return InvoiceRecord(
      id: id, lease: order.lease, purpose: order.purpose, slot: order.slot, label: order.label, amount: order.amount,
      createdAt: order.at, expiresAt: min(made.expiresAt, order.expiresAt), state: .open,
      paymentHash: made.paymentHash, bolt11: made.bolt11, holdEpoch: order.holdEpoch, locked: order.locked)
  }

  /// An invoice the node hands us is checked before a renter sees it: chain, amount, hash, expiry.
  private func check(_ made: NodeInvoice, against order: InvoiceOrder) throws {
    func garbage(_ words: String) -> NodeError {
      NodeError(.garbage, attempted: "checking the invoice", words: words)
    }
    let invoice: Invoice
    do {
      invoice = try Invoice.parse(made.bolt11)
    } catch {
      throw garbage("it does not parse: \(error)")
    }
    guard invoice.network.rawValue == network else { throw garbage("it is for another chain") }
    guard invoice.amount == order.amount else { throw garbage("its amount is not what was asked") }
    guard invoice.paymentHash == made.paymentHash.bytes.array else { throw garbage("its payment hash differs") }
    guard invoice.expiresAt > clock.now() else { throw garbage("it has expired already") }
    if let told = order.hashedDescription {
      let hash = Array(told.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array
      guard invoice.descriptionHash == hash else { throw garbage("it does not carry the hash of what is paid for") }
    }
  }
}
