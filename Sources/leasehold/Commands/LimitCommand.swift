import ArgumentParser
import Client
import Wire

struct LimitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "limit", abstract: "Let a lease spend so much in a day on what is metered.",
    discussion: """
      You are told at 80 % of it. At all of it the lease is suspended: nothing is served and no debt grows until the next day \
      (UTC), or until you raise the limit. Days cost at least what a day of the lease's time costs.

        leasehold limit @last --sats-per-day 500
        leasehold limit @last --off
      """)

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String
  @Option(help: ArgumentHelp("The limit.", valueName: "sat")) var satsPerDay: Int64?
  @Flag(help: "No limit.") var off = false

  func validate() throws {
    guard off != (satsPerDay != nil) else { throw ValidationError("Say either --sats-per-day or --off.") }
  }

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let answer = try await session.client.limit(lease, satsPerDay: satsPerDay)
      session.put(answer) { LeaseView.facts($0, now: session.now) }
    }
  }
}
