import ArgumentParser
import Client
import Units
import Wire

extension AdminCommand {
  struct Unbooked: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "unbooked", abstract: "Money of ours that could not be booked: show it, and deal with it.",
      discussion: """
        A payment with a label of ours whose lease or invoice the database lost, or one that the node has forgotten. Its renter \
        gets it back with 'leasehold refund LEASE INVOICE': the credential proves the payment, also where the lease is gone. \
        'credit' does that for the renter; 'resolve' says that it was dealt with otherwise, and doctors are content again.
        """,
      subcommands: [List.self, Credit.self, Resolve.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Those that nobody has dealt with.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Flag(help: "Those that were dealt with, too.") var all = false

      func run() async throws {
        try await Session.run(options) { session in
          let answer = try await AdminClient(session.client, token: admin.token(for: session)).unbooked(all: all)
          session.put(answer) { AdminView.unbooked($0.items) }
        }
      }
    }

    struct Credit: AsyncParsableCommand {
      static let configuration = CommandConfiguration(
        abstract: "Make it credit of its lease; a lease that is gone is made again, closed.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "The payment hash.") var payment: String
      @Option(help: "Why; it is kept.") var reason: String

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          try await client.creditUnbooked(payment, reason: reason)
          session.put(["credited": payment]) { "" }
        }
      }
    }

    struct Resolve: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Say that it was dealt with in another way.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "The payment hash.") var payment: String
      @Option(help: "How; it is kept.") var reason: String

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          try await client.resolveUnbooked(payment, reason: reason)
          session.put(["resolved": payment]) { "" }
        }
      }
    }
  }
}

extension AdminView {
  static func unbooked(_ items: [UnbookedItem]) -> String {
    guard !items.isEmpty else { return "nothing is unbooked\n" }
    var table = Table(
      [("PAYMENT", .left), ("LEASE", .left), ("AMOUNT", .right), ("SETTLED", .left), ("WHY", .left)],
      leavingOut: ["SETTLED", "LEASE"], ids: ["LEASE"])
    for item in items {
      table.add([
        item.paymentHash, item.lease ?? "-", Human.sats(item.msat), Human.time(item.settledAt),
        item.resolution.map { "dealt with: \($0)" } ?? item.reason,
      ])
    }
    return table.text
  }

  static func audit(_ audit: NodeAuditDocument) -> String {
    var text = Table.facts([
      ("the node lists", "\(audit.listed) settlements" + (audit.complete ? "" : ", and more that were not read")),
      ("of ours", "\(audit.ours)"), ("in the books", "\(audit.booked) payments"),
      ("unbooked", audit.unbooked == 0 ? nil : "\(audit.unbooked)"),
      ("missing", audit.missing.isEmpty ? nil : "\(audit.missing.count)"),
      ("taken in", audit.takenIn == 0 ? nil : "\(audit.takenIn)"),
    ])
    let rows = audit.missing.map { ("missing", $0) } + audit.differing.map { ("another amount", $0) }
    guard !rows.isEmpty else { return text }
    var table = Table([("PAYMENT", .left), ("WHAT", .left), ("AMOUNT", .right), ("SETTLED", .left), ("LABEL", .left)])
    for (what, item) in rows {
      table.add([item.paymentHash, what, Human.sats(item.msat), Human.time(item.settledAt), item.label])
    }
    text += "\n" + table.text
    return text
  }
}
