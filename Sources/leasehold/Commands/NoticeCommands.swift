import ArgumentParser
import Client
import Wire

extension AdminCommand {
  struct Notices: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "notices", abstract: "What renters were to be told and was not: show it, and send it again.",
      subcommands: [List.self, Retry.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Those of a month, the newest first.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          session.put(try await client.deadLetters()) { AdminView.notices($0.items) }
        }
      }
    }

    struct Retry: AsyncParsableCommand {
      static let configuration = CommandConfiguration(abstract: "Send it again, for a day.")
      @OptionGroup var options: GlobalOptions
      @OptionGroup var admin: AdminOptions
      @Argument(help: "Which: see 'admin notices'.") var id: Int64?
      @Option(help: "Those of this lease.") var lease: String?
      @Flag(help: "All of them, a thousand at once.") var all = false
      @Option(help: "Why; it is kept.") var reason: String

      func validate() throws {
        guard [id != nil, lease != nil, all].count(where: { $0 }) == 1 else {
          throw ValidationError("say which: an ID, --lease or --all")
        }
      }

      func run() async throws {
        try await Session.run(options) { session in
          let client = AdminClient(session.client, token: try admin.token(for: session))
          session.put(try await client.retryNotices(id: id, of: lease, reason: reason)) { "\($0.retried) sent again\n" }
        }
      }
    }
  }
}

extension AdminView {
  static func notices(_ items: [DeadLetterItem]) -> String {
    guard !items.isEmpty else { return "everything arrived\n" }
    var table = Table(
      [("ID", .right), ("LEASE", .left), ("CHANNEL", .left), ("NOTICE", .left), ("GIVEN UP", .left), ("WHY", .left)],
      leavingOut: ["GIVEN UP", "CHANNEL"], ids: ["LEASE"])
    for item in items {
      table.add([
        "\(item.id)", item.lease, item.channel, item.kind ?? "question", item.deadAt.map { Human.time($0) } ?? "-",
        item.error ?? "not sent",
      ])
    }
    return table.text
  }

  /// In a line; `nil`: nothing is the matter.
  static func notices(_ overview: OverviewDocument) -> String? {
    guard let notices = overview.notices, notices.waiting + notices.dead > 0 else { return nil }
    return "\(notices.waiting) waiting, \(notices.dead) that never arrived"
  }
}
