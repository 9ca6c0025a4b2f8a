import ArgumentParser
import Client
import Units
import Wire

extension AdminCommand {
  struct Payout: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "payout", abstract: "Credit on its way out: show it, and end what is stuck.",
      discussion: """
        A payout is stuck when it is pending though its invoice can be paid no more: the node that was ordered is not asked any \
        longer, does not answer, or holds the payment. 'show' asks the node. 'fail' gives the credit back, 'settle' books it as \
        paid; both want a --reason, which is kept in the lease's history and shown to the renter.
        """,
      subcommands: [List.self, Show.self, Fail.self, Settle.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Those that are pending.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Flag(help: "Paid and failed ones, too.") var all = false

      func run() async throws {
        try await Session.run(options) { session in
          let answer = try await AdminClient(session.client, token: admin.token(for: session)).payouts(all: all)
          session.put(answer) { PayoutView.table($0.items, now: session.now) }
        }
      }
    }

    struct Show: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "One of them, and what the node says of it now.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "The payment hash.") var payment: String

      func run() async throws {
        try await Session.run(options) { session in
          let answer = try await AdminClient(session.client, token: admin.token(for: session)).payout(payment)
          session.put(answer) { PayoutView.facts($0) }
        }
      }
    }

    struct Fail: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Give the credit back.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "The payment hash.") var payment: String
      @Option(help: "Why; the renter reads it.") var reason: String
      @Flag(help: "Although the node does not say that it failed. If it is paid after all, you have paid twice.")
      var force = false

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          let answer = try await client.failPayout(payment, reason: reason, force: force)
          session.put(answer) { PayoutView.facts($0) }
        }
      }
    }

    struct Settle: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Book it as paid; the preimage is the proof.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "The payment hash.") var payment: String
      @Option(help: "64 hexadecimal digits, from whoever paid it.") var preimage: String
      @Option(help: "How you know; the renter reads it.") var reason: String
      @Option(help: ArgumentHelp("What routing cost, if you know.", valueName: "msat")) var feeMsat: Int64?

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          let answer = try await client.settlePayout(payment, preimage: preimage, reason: reason, feeMsat: feeMsat)
          session.put(answer) { PayoutView.facts($0) }
        }
      }
    }
  }
}

/// Payouts, for the provider.
private enum PayoutView {
  static func table(_ items: [PayoutItem], now: Instant) -> String {
    guard !items.isEmpty else { return "none is pending\n" }
    var table = Table(
      [
        ("PAYMENT", .left), ("LEASE", .left), ("STATE", .left), ("AMOUNT", .right), ("ASKED", .left), ("WHY", .left),
      ], leavingOut: ["ASKED", "LEASE"], ids: ["LEASE"])
    for item in items {
      table.add([
        item.paymentHash, item.lease, item.stuck ? "stuck" : item.state, Human.sats(item.amountMsat),
        Human.relative(item.askedAt, to: now), item.reason ?? "",
      ])
    }
    return table.text
  }

  static func facts(_ item: PayoutItem) -> String {
    Table.facts([
      ("payment", item.paymentHash), ("lease", item.lease), ("state", item.stuck ? "pending, stuck" : item.state),
      ("amount", Human.sats(item.amountMsat)), ("routing at most", Human.sats(item.maxFeeMsat)),
      ("asked", Human.time(item.askedAt)), ("invoice ends", item.expiresAt.map(Human.time(_:))),
      ("ordered", item.orderedAt.map(Human.time(_:))), ("ordered of node", item.orderedOf),
      ("the node says", item.nodeSays), ("routing", item.feeMsat.map(Human.sats(_:))), ("why", item.reason),
      ("ended", item.finishedAt.map(Human.time(_:))),
    ])
  }
}
