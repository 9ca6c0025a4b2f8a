import Engine
import HTTPTypes
import Hummingbird
import Ledger
import Units
import Wire

extension HTTPAPI {
  var walletEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/leases/{lease}/wallet") { exchange in
        let view = try await engine.wallets.show(of: exchange.lease(), exchange.caller())
        return .json(
          view.map { WalletGrantDocument($0) } ?? WalletGrantDocument(), headers: [.cacheControl: "no-store"])
      },
      Endpoint(.put, "/v1/leases/{lease}/wallet") { exchange in
        let wish = try await exchange.requiredDocument(WalletGrantRequest.self)
        let view = try await engine.wallets.set(
          wish.nwc, Millisatoshi(wish.budgetMsat), every: wish.everySeconds.map { Seconds($0) },
          total: wish.totalMsat.map { Millisatoshi($0) }, of: exchange.lease(), exchange.caller())
        return .json(WalletGrantDocument(view), headers: [.cacheControl: "no-store"])
      },
      Endpoint(.delete, "/v1/leases/{lease}/wallet") { exchange in
        try await engine.wallets.end(of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
    ]
  }
}

extension WalletGrantDocument {
  init(_ view: WalletGrants.View) {
    self.init()
    wallet = view.outline?.wallet
    relays = view.outline?.relays
    budgetMsat = view.budget.amount.count
    everySeconds = view.budget.every.count
    totalMsat = view.budget.total?.count
    spentMsat = view.spent.count
    spentInAllMsat = view.spentInAll.count
    createdAt = Timestamp(view.createdAt)
    last = view.last.map { pull in
      Request(
        askedAt: Timestamp(pull.askedAt), amountMsat: pull.amount.count,
        state: view.lastIsPaid ? "paid" : pull.refused == nil ? "asked" : "refused",
        detail: view.lastIsPaid ? nil : pull.refused)
    }
  }
}
