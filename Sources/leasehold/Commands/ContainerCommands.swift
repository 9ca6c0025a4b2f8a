import ArgumentParser
import Client
import Foundation
import Wire

struct ExecCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec", abstract: "Run a command in a container.",
    usage: "leasehold exec [options] <lease> -- <command> ...",
    discussion: """
      Standard output and standard error come out where they belong, and the command's exit code is ours, 128 + signal \
      if it was killed. A failure of leasehold itself ends with its own code (1 to 5) and a line on standard error that \
      begins with 'leasehold:'; with --json the last line tells the two apart.

        leasehold exec @last -- uname -a
        tar c src | leasehold exec -i @last -- tar x -C /data
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Flag(name: .shortAndLong, help: "Hand standard input to the command, as it comes.") var interactive = false
  @Option(name: .shortAndLong, help: ArgumentHelp("Set a variable.", valueName: "name=value")) var env: [String] = []
  @Option(help: ArgumentHelp("Kill the command after so many seconds.", valueName: "seconds")) var timeout: Int64?
  @Argument var lease: String
  @Argument(parsing: .postTerminator, help: "The command and its arguments.") var command: [String] = []

  func validate() throws {
    if command.isEmpty { throw ValidationError("Say what to run: leasehold exec LEASE -- COMMAND…") }
  }

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting, .door(door)) { session, lease in
      let request = ExecRequest(command: command, env: try Variables.read(env), timeoutSeconds: timeout)
      let isJSON = session.isJSON
      let code = try await session.client.exec(
        lease, request, input: interactive ? 0 : nil,
        line: { line in if isJSON { Terminal.write(line + [UInt8(ascii: "\n")], to: 1) } },
        output: { stream, bytes in
          guard !isJSON else { return }
          switch stream {
          case .standardOutput: Terminal.write(bytes, to: 1)
          case .standardError: Terminal.write(bytes, to: 2)
          }
        })
      if code != 0 { throw ExitCode(code) }
    }
  }
}

struct LogsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "logs", abstract: "What a container has put out.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var door: DoorOptions
  @Argument var lease: String
  @Option(name: .shortAndLong, help: ArgumentHelp("Only the last so many lines.", valueName: "lines")) var tail: Int?
  @Flag(name: .shortAndLong, help: "Go on for as long as the container does.") var follow = false

  func run() async throws {
    try await Session.run(options, of: lease, .door(door)) { session, lease in
      if follow {
        try await session.client.followLogs(lease, tail: tail) { Terminal.write($0, to: 1) }
      } else {
        try await session.client.logs(lease, tail: tail) { Terminal.write($0, to: 1) }
      }
    }
  }
}

struct StartCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "start", abstract: "Start a stopped container.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting) { try await $0.client.start($1) }
  }
}

struct StopCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "stop", abstract: "Stop a container; its time goes on.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting) { try await $0.client.stop($1) }
  }
}
