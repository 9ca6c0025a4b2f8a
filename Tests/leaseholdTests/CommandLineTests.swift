import ArgumentParser
import Client
import Testing
import Wallets
import Wire

@testable import leasehold

@Suite struct CommandLineTests {
  private func parse<Command: ParsableCommand>(_ type: Command.Type, _ words: String...) throws -> Command {
    try #require(try LeaseholdCommand.parseAsRoot(words) as? Command)
  }

  @Test func rentTakesEverythingALeaseCanBeAskedFor() throws {
    let rent = try parse(
      RentCommand.self, "rent", "box", "--periods", "3", "--image", "busybox", "-e", "A=1=2", "-e", "B=", "--wait",
      "--max-sats", "50", "--json", "--", "/bin/sh", "-c", "echo")
    #expect(rent.offer == "box")
    #expect(rent.periods == 3)
    #expect(rent.command == ["/bin/sh", "-c", "echo"])
    #expect(try Variables.read(rent.env) == ["A": "1=2", "B": ""])
    #expect(rent.payment.limit == 50_000)
    #expect(rent.wait)
    #expect(rent.options.json)
    #expect(throws: Complaint.self) { try Variables.read(["=x"]) }
  }

  @Test func execKeepsTheCommandsOwnOptions() throws {
    let exec = try parse(ExecCommand.self, "exec", "-i", "@last", "--timeout", "5", "--", "ls", "--json", "-l")
    #expect(exec.lease == "@last")
    #expect(exec.interactive)
    #expect(!exec.options.json)
    #expect(exec.timeout == 5)
    #expect(exec.command == ["ls", "--json", "-l"])
    #expect(throws: (any Error).self) { try LeaseholdCommand.parseAsRoot(["exec", "@last"]) }
  }

  @Test func everyCommandExplainsItself() throws {
    let help = LeaseholdCommand.helpMessage()
    for name in [
      "offers", "rent", "list", "show", "renew", "usage", "exec", "logs", "put", "get", "ls", "rm", "release", "pay",
      "ledger", "explain", "events", "change", "credential", "admin", "doctor", "recover", "budget", "refund",
    ] {
      #expect(help.contains("\n  \(name) ") || help.contains("\n  \(name), "), "\(name)")
    }
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
  }

  @Test func putTakesSeveralFilesAndOnePlace() throws {
    #expect(try parse(PutCommand.self, "put", "-r", "a", "b", "@last:/c/").paths == ["a", "b", "@last:/c/"])
    #expect(throws: (any Error).self) { try LeaseholdCommand.parseAsRoot(["put", "@last:/"]) }
  }

  // Names and orders of arguments that cannot be parsed are found out only when a command is.
  @Test func everyCommandCanBeParsed() {
    func walk(_ command: any ParsableCommand.Type, _ path: [String]) {
      let groups = command.configuration.groupedSubcommands.flatMap(\.subcommands)
      let subcommands = command.configuration.subcommands + groups
      for next in subcommands { walk(next, path + [next.configuration.commandName ?? next._commandName]) }
      if subcommands.isEmpty {
        #expect(throws: (any Error).self, "\(path)") { try command.parse(["--no-such-option"]) }
      }
    }
    walk(LeaseholdCommand.self, [])
  }

  @Test func badUsageIsToldFromHelp() {
    #expect(LeaseholdCommand.exitCode(for: failure(["frobnicate"])) != .success)
    #expect(LeaseholdCommand.exitCode(for: failure(["rent"])) != .success)
    #expect(LeaseholdCommand.exitCode(for: failure(["rent", "--help"])) == .success)
    #expect(LeaseholdCommand.exitCode(for: failure(["offers", "--server", "nowhere"])) != .success)
  }

  private func failure(_ words: [String]) -> any Error {
    do {
      var command = try LeaseholdCommand.parseAsRoot(words)
      try command.run()
      return CleanExit.message("")
    } catch {
      return error
    }
  }

  @Test func remoteNames() throws {
    #expect(try RemoteArgument("@last:/a").path.segments == ["a"])
    #expect(try RemoteArgument("@last", rootIfBare: true).path == .root)
    #expect(throws: Complaint.self) { try RemoteArgument("@last") }
    #expect(throws: Complaint.self) { try RemoteArgument("x:../y") }
  }
}

// Swift Testing has one of that name too.
private typealias Status = leasehold.ExitStatus

@Suite struct ExitStatusTests {
  private func problem(_ status: Int, _ code: String) -> ClientError {
    .problem(ProblemDocument(type: code, title: code, status: status, code: code))
  }

  @Test func eachKindOfFailureHasItsCode() {
    #expect(Status(problem(409, "no-capacity")) == .noCapacity)
    #expect(Status(problem(409, "idempotency-conflict")) == .failed)
    #expect(Status(problem(404, "unknown-lease")) == .notFound)
    #expect(Status(problem(410, "lease-closed")) == .notFound)
    #expect(Status(problem(402, "payment-required")) == .unpaid)
    #expect(Status(problem(500, "internal")) == .failed)
    #expect(Status(ClientError.overBudget(.overPayment(asked: 2, limit: 1))) == .unpaid)
    #expect(Status(ClientError.wallet(.declined("no"))) == .unpaid)
    #expect(Status(ClientError.unknownLease("x")) == .notFound)
    #expect(Status(ClientError.unreachable("x")) == .failed)
    #expect(Status(Complaint.usage("x")) == .usage)
    #expect(Status(ExitCode(3) as any Error) == nil)
  }
}
