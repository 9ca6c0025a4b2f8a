import ArgumentParser
import Client
import Foundation
import Wire

struct UsageCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "usage", abstract: "What a lease has used.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let usage = try await session.client.usage(lease)
      session.put(usage) {
        var table = Table(
          [
            ("FROM", .left), ("SPAN", .right), ("METER", .left), ("QUANTITY", .right), ("CHARGED", .right),
          ], leavingOut: ["SPAN"])
        for item in usage.items {
          table.add([
            Human.time(item.windowStart), Human.span(item.windowSeconds), item.meter,
            Human.quantity(item.quantity, item.unit), item.chargedMsat.map { Human.sats($0) } ?? "-",
          ])
        }
        return table.text
      }
    }
  }
}

struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "A lease's money, transfer by transfer.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let ledger = try await session.client.ledger(lease)
      session.put(ledger) {
        var table = Table(
          [
            ("ID", .right), ("AT", .left), ("DEBIT", .left), ("CREDIT", .left), ("AMOUNT", .right), ("CAUSE", .left),
          ], leavingOut: ["ID"])
        for item in ledger.items {
          table.add([
            "\(item.id)", Human.time(item.at), account(item.debit), account(item.credit), Human.sats(item.msat),
            item.cause,
          ])
        }
        return table.text
      }
    }
  }
}

extension LedgerCommand {
  /// A lease's own accounts without its id, which is the same in every row.
  fileprivate func account(_ name: String) -> String {
    for kind in ["lease", "credit"] where name.hasPrefix(kind + ":") && !options.wide { return kind }
    return name
  }
}

struct ExplainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "explain", abstract: "What happened to a lease, and why.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let items = try await session.client.explain(lease)
      session.put(items) { HistoryView.table(items.items) }
    }
  }
}

struct EventsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "events", abstract: "What happens to a lease, as it happens.",
    discussion: "With --json one document to a line. Goes on until it is interrupted, or --until says.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String
  @Option(help: ArgumentHelp("Begin after this event.", valueName: "id")) var since: String?
  @Option(help: ArgumentHelp("End after an event of this name.", valueName: "event")) var until: String?

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let isJSON = session.isJSON
      try await session.client.followEvents(lease, since: since) { event in
        if isJSON {
          Terminal.write(event.data + "\n")
        } else {
          Terminal.write(Terminal.printable(HistoryView.line(event)) + "\n")
        }
        return event.event != until
      }
    }
  }
}

enum HistoryView {
  static func table(_ items: [ExplainItem]) -> String {
    var table = Table(
      [("AT", .left), ("FROM", .left), ("TO", .left), ("EVENT", .left), ("CAUSE", .left), ("WHY", .left)],
      leavingOut: ["FROM", "CAUSE"])
    for item in items {
      table.add([
        Human.time(item.at), item.from.isEmpty ? "-" : item.from, item.to, item.event,
        "\(item.cause.type) \(item.cause.id)",
        item.summary
          ?? item.evidence.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " "),
      ])
    }
    return table.text
  }

  static func line(_ event: ServerSentEvent) -> String {
    // What is no event of ours is shown as it came.
    guard let told = try? JSON.decode(FeedEvent.self, from: event.data.utf8) else {
      return "\(event.event) \(event.data)"
    }
    var line = "\(Human.time(told.at))  \(told.event)  \(told.state)"
    if let kind = told.kind { line += "  \(kind)" }
    if let amount = told.amountMsat { line += "  \(Human.sats(amount))" }
    if let deadline = told.deadline { line += "  by \(Human.time(deadline))" }
    if let consequence = told.consequence { line += "  else \(consequence)" }
    if let reason = told.reason { line += "  \(reason)" }
    return line
  }
}
