import ArgumentParser
import Client
import Wire

extension AdminCommand {
  struct Earnings: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "earnings",
      abstract: "What was earned, by day and offer: charged for time and usage, not paid ahead.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Option(help: "Today and the days before it, UTC: 1 to 3660.") var days = 30

    func validate() throws {
      guard (1...3_660).contains(days) else { throw ValidationError("--days is 1 to 3660") }
    }

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).earnings(days: days)
        session.put(answer) { EarningsView.table($0.items) }
      }
    }
  }
}
