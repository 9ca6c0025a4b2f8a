import ArgumentParser
import Client
import Wire

struct AutopullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "autopull", abstract: "Let the provider ask your wallet for renewals, within a budget.",
    discussion: """
      With a Nostr Wallet Connect string (NIP-47) of your wallet the provider asks it to pay a period each time one is \
      about to run out, and the lease lives without you. What your wallet allows the string bounds it, and so does the \
      budget here. The provider keeps the string sealed, shows it to nobody, and forgets it when the lease closes.

        leasehold autopull @last --nwc 'nostr+walletconnect://…' --budget 4000
        pass show rent/nwc | leasehold autopull @last --nwc - --budget 4000 --every 7d --total 50000
        leasehold autopull show @last
        leasehold autopull end @last

      Your wallet must speak NIP-44 and do pay_invoice and lookup_invoice. When it does not pay you are told so in \
      'leasehold events'. To pay from this machine instead, see 'leasehold autopay'.
      """,
    subcommands: [Set.self, Show.self, End.self], defaultSubcommand: Set.self)

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set", abstract: "Which wallet is asked, and for how much.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Option(
      help: ArgumentHelp(
        "What your wallet's page gives: nostr+walletconnect://…; - reads a line of standard input, which keeps it out of "
          + "the list of processes.", valueName: "uri"))
    var nwc: String
    @Option(
      help: ArgumentHelp(
        "The most that may be asked for in any span of --every.",
        valueName: "sats"))
    var budget: Int64
    @Option(help: ArgumentHelp("600, 10m, 24h or 7d; a period of the lease where nothing is said.", valueName: "span"))
    var every: Span?
    @Option(help: ArgumentHelp("The most that may be asked for in all.", valueName: "sats")) var total: Int64?

    func validate() throws {
      try Satoshis.check(budget, "--budget")
      try Satoshis.check(total, "--total")
    }

    func run() async throws {
      let uri = nwc == "-" ? readLine() ?? "" : nwc
      try await Session.run(options, of: lease) { session, lease in
        let wish = WalletGrantRequest(
          nwc: uri, budgetMsat: budget * 1_000, everySeconds: every?.seconds, totalMsat: total.map { $0 * 1_000 })
        session.put(try await session.client.setWallet(of: lease, wish)) { $0.text }
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Which wallet is asked, without what is secret of it, and how its budget stands.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.wallet(of: lease)) { $0.text }
      }
    }
  }

  struct End: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "end", abstract: "No wallet is asked any more.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { try await $0.client.endWallet(of: $1) }
    }
  }
}

extension WalletGrantDocument {
  fileprivate var text: String {
    guard let budgetMsat, let everySeconds else { return "no wallet is asked\n" }
    let places = (relays ?? []).joined(separator: ", ")
    return Table.facts([
      ("wallet", wallet.map { "\($0.prefix(8))… at \(places)" } ?? "cannot be read"),
      ("budget", "\(Human.sats(budgetMsat)) in \(Human.span(everySeconds))"),
      ("spent", Human.sats(spentMsat ?? 0)),
      ("in all", Human.sats(spentInAllMsat ?? 0) + (totalMsat.map { " of \(Human.sats($0))" } ?? "")),
      ("last", last?.text),
    ])
  }
}

extension WalletGrantDocument.Request {
  fileprivate var text: String {
    "\(Human.sats(amountMsat)), \(state) at \(Human.time(askedAt))" + (detail.map { ": \($0)" } ?? "")
  }
}
