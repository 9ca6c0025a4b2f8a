import ArgumentParser
import Client
import Units
import Wire

extension AdminCommand {
  struct Credit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "credit", abstract: "Make an outage good: give everybody whom it struck the lost time, or a sum.",
      discussion: """
        Says first what it comes to, and asks. Each lease is given something once for a label, however often this is run. Give \
        --time to move paid time, grace and retention out by what of the outage fell on them; a lease whose time ran out \
        meanwhile comes back if it is given more than it owes.
        """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Option(help: ArgumentHelp("When it began, as 2026-11-29T08:00:00Z.", valueName: "time")) var affectedSince: String
    @Option(help: ArgumentHelp("When it was over.", valueName: "time")) var affectedUntil: String
    @Option(help: "Only leases on this host.") var host: String?
    @Flag(help: "Give each lease the time it lost.") var time = false
    @Option(help: "Give each lease that was in service so many millisatoshis.") var msat: Int64?
    @Option(help: "Why; the renters read it.") var reason: String
    @Option(help: "Names the outage; otherwise its time and host do.") var label: String?
    @Flag(help: "Only say what it would come to.") var dryRun = false
    @Flag(help: "Do not ask.") var yes = false

    func validate() throws {
      guard time != (msat != nil) else { throw ValidationError("Say either --time or --msat.") }
      guard Timestamp(affectedSince) != nil, Timestamp(affectedUntil) != nil else {
        throw ValidationError("--affected-since and --affected-until are times as 2026-11-29T08:00:00Z.")
      }
    }

    func run() async throws {
      guard let since = Timestamp(affectedSince), let until = Timestamp(affectedUntil) else { return }
      try await Session.run(options) { session in
        let client = AdminClient(session.client, token: try admin.token(for: session))
        var wish = OutageCreditRequest(
          label: label, affectedSince: since, affectedUntil: until, host: host, time: time ? true : nil, msat: msat,
          reason: reason, dryRun: true)
        let preview = try await client.credit(wish)
        guard !dryRun else { return session.put(preview) { OutageCreditView.facts($0) } }
        if preview.document.finishedAt == nil {
          if !options.quiet, !options.json { Terminal.remark(OutageCreditView.facts(preview.document)) }
          try Consent.confirm(
            "\(preview.document.leases) leases are given \(Human.sats(preview.document.msat)) in all", yes: yes)
        }
        wish.dryRun = nil
        session.put(try await client.credit(wish)) { OutageCreditView.facts($0) }
      }
    }
  }

  struct Credits: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "credits", abstract: "Outages that were made good, the newest first.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).credits()
        session.put(answer) { OutageCreditView.table($0.items) }
      }
    }
  }
}

private enum OutageCreditView {
  static func facts(_ item: OutageCreditItem) -> String {
    let overlapping = item.overlapping.flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") }
    return Table.facts([
      ("outage", item.label), ("from", Human.time(item.affectedSince)), ("to", Human.time(item.affectedUntil)),
      ("host", item.host ?? "all"), ("each", each(item)), ("leases", "\(item.leases)"),
      ("in all", Human.sats(item.msat)), ("come back by it", item.returning.map { "\($0)" }),
      ("given for that time before", overlapping), ("why", item.reason), ("state", state(item)),
    ])
  }

  static func table(_ items: [OutageCreditItem]) -> String {
    guard !items.isEmpty else { return "no outage was made good\n" }
    var table = Table(
      [
        ("OUTAGE", .left), ("HOST", .left), ("EACH", .left), ("LEASES", .right), ("IN ALL", .right), ("STATE", .left),
        ("WHY", .left),
      ], leavingOut: ["WHY", "HOST"])
    for item in items {
      table.add([
        item.label, item.host ?? "all", each(item), "\(item.leases)", Human.sats(item.msat), state(item), item.reason,
      ])
    }
    return table.text
  }

  private static func each(_ item: OutageCreditItem) -> String {
    item.msatEach.map(Human.sats(_:)) ?? "the time it lost"
  }

  private static func state(_ item: OutageCreditItem) -> String {
    if let finished = item.finishedAt { return "given by \(Human.time(finished))" }
    return item.begunAt == nil ? "not given yet" : "begun: run it again"
  }
}
