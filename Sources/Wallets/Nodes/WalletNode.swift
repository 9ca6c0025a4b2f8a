import BOLT11
import NodeRPC
import Units

/// What a node must know to be somebody's wallet.
protocol WalletNode: Sendable {
  /// Pays, and waits as long as the node's patience lasts. A refusal need not mean that nothing is under way.
  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment
  /// What became of a payment; `nil` when the node never tried it.
  func payment(_ paymentHash: [UInt8]) async throws(RPCError) -> OutgoingPayment?
  /// What routing may cost, for nodes that take no limit of ours; `nil` for those that do.
  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi?
  /// Something to say of a node that answers.
  func greeting() async throws(RPCError) -> String
}

extension CLNClient: WalletNode {
  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi? { nil }

  func greeting() async throws(RPCError) -> String {
    let info = try await info()
    return "\(info.alias) on \(info.network)"
  }
}

extension LNDClient: WalletNode {
  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi? { nil }

  func greeting() async throws(RPCError) -> String {
    let info = try await info()
    return "\(info.alias) on \(info.network)"
  }
}

extension LNbitsClient: WalletNode {
  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    try await pay(invoice)
  }

  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi? { try await feeReserve(invoice) }

  func greeting() async throws(RPCError) -> String {
    let wallet = try await wallet()
    return "\(wallet.name) with \(wallet.balance / 1_000) sat"
  }
}

extension PhoenixdClient: WalletNode {
  func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(RPCError) -> OutgoingPayment {
    try await pay(invoice)
  }

  func feeBound(_ invoice: Invoice) async throws(RPCError) -> Millisatoshi? {
    invoice.amount.map { Self.fee(for: $0) }
  }

  func greeting() async throws(RPCError) -> String { "phoenixd on \(try await info().chain)" }
}
