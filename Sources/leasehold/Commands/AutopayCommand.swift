import ArgumentParser
import Client
import Foundation
import Units
import Wire

struct AutopayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "autopay", abstract: "Keep leases alive: renew them before their time runs out.",
    usage: "leasehold autopay [options] [<lease> ...]",
    discussion: """
      Goes on until it is ended, or nothing is left to do. Each lease is renewed inside its offer's lead, at a moment of \
      its own; a lease that has run out is brought back. What one lease's period costs is paid once, whatever dies in \
      between: run it again, and it goes on where it was. Nothing is paid above the budget (see 'leasehold budget').

        leasehold autopay                                     all of your leases, and those to come
        leasehold autopay @last --max-periods 10              one, for ten periods more, all runs together
        leasehold autopay --until 2027-01-01 --wallet lnd
        leasehold autopay --yes --once                        for cron: what is due now, and no more

      Unless it is asked at a terminal it wants --yes, or --max-sats. With --json each line is one document. It ends with \
      1 when a lease was lost: ended by anybody but you. With --once it ends with 3 when something due was not paid for (over \
      budget, declined) and 1 when something did not answer.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Flag(help: "Look once, do what is due, and end.") var once = false
  @Option(name: .shortAndLong, help: "How many periods to buy at a time.") var periods: Int64 = 1
  @Option(help: ArgumentHelp("Buy at most so many periods for each lease, all runs together.", valueName: "number"))
  var maxPeriods: Int64?
  @Flag(help: "Count the periods of --max-periods from nothing again.") var startOver = false
  @Option(
    help: ArgumentHelp(
      "Let leases be that are paid until then: 2027-01-01 or 2027-01-01T12:00:00Z.", valueName: "time"))
  var until: Moment?
  @Option(help: ArgumentHelp("Renew so long before time runs out, instead of the offer's lead.", valueName: "seconds"))
  var lead: Int64?
  @Argument(help: "Leases; all of yours without any.") var lease: [String] = []

  func validate() throws {
    if !(1...1_000_000).contains(periods) { throw ValidationError("--periods is 1 or more.") }
    if let maxPeriods, maxPeriods < 0 { throw ValidationError("--max-periods is 0 or more.") }
    if let lead, lead < 1 { throw ValidationError("--lead is 1 or more.") }
  }

  func run() async throws {
    let state = try options.openState()
    // Those named say where; of several servers each has an autopay of its own.
    let named = try lease.map { try state.resolve($0, at: options.namedAddress(), for: .acting) }
    let home = try named.first.flatMap { try state.storedLease($0)?.address }
    let address = try options.namedAddress() ?? home ?? options.address()
    for id in named {
      let kept = try state.storedLease(id)
      if let kept, kept.server != address.description { throw ClientError.otherServer(lease: id, server: kept.server) }
      if kept?.credential == nil { throw ClientError.noCredential(lease: id) }
    }
    var payment = payment
    // Once and for all: nobody sits there for as long as it goes on.
    if !once {
      let configured = try ChosenWallet(options, payment.source).configuration.budget
      try Consent.askOnce(payment, budget: state.budget(configured))
      payment.yes = true
    }
    try await Session.run(options, at: address, state, .paying(payment)) { session in
      let rules = AutopayRules(
        periods: periods, maxPeriods: maxPeriods, until: until?.instant, lead: lead.map { Seconds($0) },
        limit: payment.limit)
      let autopay = Autopay(client: session.client, rules: rules) { event in
        if session.isJSON {
          Terminal.write(JSON.text(event) + "\n")
        } else if !session.isQuiet || event.event != .waiting {
          Terminal.write(Terminal.printable(AutopayView.line(event)) + "\n")
        }
      }
      let known = try lease.isEmpty ? session.client.state.livingLeases(of: session.client.server) : named
      if startOver { for id in known { try await autopay.startOver(id) } }
      if once {
        try Self.conclude(await autopay.once(known))
      } else {
        if known.isEmpty, !session.isQuiet { Terminal.remark("no leases yet; waiting for one") }
        let lost = try await autopay.run(lease.isEmpty ? nil : named)
        guard lost.isEmpty else { throw Complaint.failed("lost: \(lost.joined(separator: ", "))") }
      }
    }
  }

  /// What was refused weighs more than what failed: nothing but a person can change it.
  private static func conclude(_ failures: [(lease: String, error: ClientError)]) throws {
    guard let first = failures.first else { return }
    let weighty = failures.first { $0.error.isRefusal } ?? first
    throw ExitCode(ExitStatus(weighty.error).rawValue)
  }
}

/// A moment on the command line; a day is its beginning in UTC.
struct Moment: ExpressibleByArgument, Hashable {
  var instant: Instant

  init?(argument: String) {
    guard let time = Timestamp(argument) ?? Timestamp(argument + "T00:00:00Z") else { return nil }
    instant = time.instant
  }
}

enum AutopayView {
  static func line(_ event: AutopayEvent) -> String {
    var line = "\(Human.time(event.at))  \(event.lease)  \(event.event.rawValue)"
    switch event.event {
    case .renewed:
      if let periods = event.periods { line += "  \(periods) \(periods == 1 ? "period" : "periods")" }
      if let amount = event.amountMsat { line += " for \(Human.sats(amount))" }
      if let paidUntil = event.paidUntil { line += ", paid until \(Human.time(paidUntil))" }
    case .waiting, .finished:
      if let reason = event.reason { line += "  \(words(reason))" }
    case .refused, .failed: break
    }
    if let detail = event.detail { line += "  \(detail)" }
    if let next = event.nextAt { line += "; next look \(Human.relative(next, to: event.at.instant))" }
    return line
  }

  private static func words(_ reason: AutopayReason) -> String {
    switch reason {
    case .notDue: "nothing is due"
    case .alreadyPaid: "paid; the provider is still booking it"
    case .beingMade: "it is still being made"
    case .resuming: "it is being brought back"
    case .limit: "its own limit is reached, and it comes back by itself"
    case .idle: "it sleeps unused, and costs nothing"
    case .suspendedByProvider: "the provider has suspended it; money does not change that"
    case .frozen: "the provider has sealed it; its time stands still"
    case .impaired: "it is out of order; its time stands still"
    case .beingEvicted: "the provider is ending it; no more time is sold"
    case .enoughPeriods: "as many periods as --max-periods allows were bought"
    case .farEnough: "it is paid as far as --until says"
    case .over: "the lease is over"
    }
  }
}
