import ArgumentParser
import Client
import Foundation
import Units
import Wire

struct RefundCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "refund", abstract: "Take a lease's credit out: to an invoice, or to another lease.",
    usage: """
      leasehold refund <lease> <invoice> [--wait]
      leasehold refund <lease> --to <lease> [--sats <sat>]
      leasehold refund <lease> --list
      """,
    discussion: """
      What is left when a lease ends is credit. It is paid to a BOLT 11 invoice of yours (routing is yours too: at most 1 % and \
      10 sat), or buys time of another lease of this provider; naming the lease itself buys its own time. Nothing is paid or \
      moved twice: run exactly the same again to see how it stands.

        leasehold refund @last lnbc500u1...
        leasehold refund old --to new

      Ends with 1 when the node could not pay the invoice: the credit is still there.
      """)

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String
  @Argument(help: "BOLT 11, with an amount.") var invoice: String?
  @Option(help: ArgumentHelp("The lease that gets it.", valueName: "lease")) var to: String?
  @Option(help: ArgumentHelp("Not all of the credit, but so much.", valueName: "sat")) var sats: Int64?
  @Flag(help: "With --to: once more, though the same was moved before.") var again = false
  @Flag(help: "Wait until the invoice is paid, or cannot be.") var wait = false
  @Flag(help: "What was paid out, or is about to be.") var list = false

  func validate() throws {
    guard [invoice != nil, to != nil, list].count(where: \.self) == 1 else {
      throw ValidationError("Name an invoice, or a lease with --to, or ask for the --list.")
    }
    guard sats == nil || to != nil else {
      throw ValidationError("--sats goes with --to; an invoice says itself how much.")
    }
    guard !again || to != nil else { throw ValidationError("--again goes with --to; an invoice is paid once.") }
    guard !wait || invoice != nil else { throw ValidationError("--wait goes with an invoice.") }
    if let sats, !(1...Millisatoshi.supply.count / 1_000).contains(sats) {
      throw ValidationError("--sats is 1 or more.")
    }
  }

  func run() async throws {
    try await Session.run(options, of: lease) { session, id in
      if let to {
        let amount = sats.map(Millisatoshi.init(satoshis:))
        let (answer, before) = try await session.client.spendCredit(
          of: id, on: try target(to, session), amount, again: again)
        if let before, !session.isQuiet {
          Terminal.remark(
            "it was moved at \(Human.time(before)), and is not moved twice; --again moves as much once more")
        }
        session.put(answer) { spent in
          Table.facts([
            ("lease", spent.lease), ("moved", Human.sats(spent.amountMsat)), ("to", spent.to),
            ("credit left", Human.sats(spent.creditMsat)),
          ])
        }
      } else if let invoice {
        try await pay(invoice, of: id, session)
      } else {
        let refunds = try await session.client.refunds(of: id)
        session.put(refunds) { RefundView.table(refunds.items, now: session.now) }
      }
    }
  }

  /// One known here by its short name, or any by its whole id: a friend's lease may be paid for.
  private func target(_ name: String, _ session: Session) throws -> String {
    do {
      return try session.lease(name)
    } catch ClientError.unknownLease where name.utf8.count == 26 {
      return name
    }
  }

  private func pay(_ invoice: String, of id: String, _ session: Session) async throws {
    var answer = try await session.client.refund(id, to: invoice)
    while wait, answer.document.state == "pending" {
      // The server waited before it said so.
      try await Task.sleep(for: .seconds(1))
      do throws(ClientError) {
        answer = try await session.client.refund(id, to: invoice)
      } catch {
        // A server that is away for a moment has still set the money aside.
        guard error.mayPass else { throw error }
      }
    }
    session.put(answer) { RefundView.facts($0) }
    if answer.document.state == "failed" {
      throw Complaint.failed("it was not paid, and the credit is still there: \(answer.document.reason ?? "no reason")")
    }
  }
}
