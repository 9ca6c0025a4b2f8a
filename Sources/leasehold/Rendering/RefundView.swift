import Units
import Wire

/// Credit on its way out, for people.
enum RefundView {
  static func facts(_ refund: RefundDocument) -> String {
    Table.facts([
      ("lease", refund.lease), ("payment", refund.paymentHash), ("amount", refund.amountMsat.map(Human.sats(_:))),
      ("state", refund.state), ("routing", refund.feeMsat.map(Human.sats(_:))), ("why", refund.reason),
      ("credit left", refund.creditMsat.map(Human.sats(_:))),
      ("", refund.state == "pending" ? "the node is at it: run the same again to see how it stands" : nil),
    ])
  }

  static func table(_ refunds: [RefundDocument], now: Instant) -> String {
    guard !refunds.isEmpty else { return "nothing was paid out\n" }
    var table = Table([
      ("PAYMENT", .left), ("STATE", .left), ("AMOUNT", .right), ("ROUTING", .right), ("ASKED", .left), ("WHY", .left),
    ])
    for refund in refunds {
      table.add([
        refund.paymentHash ?? "-", refund.state ?? "-", refund.amountMsat.map(Human.sats(_:)) ?? "-",
        refund.feeMsat.map(Human.sats(_:)) ?? "-", refund.askedAt.map { Human.relative($0, to: now) } ?? "-",
        refund.reason ?? "",
      ])
    }
    return table.text
  }
}
