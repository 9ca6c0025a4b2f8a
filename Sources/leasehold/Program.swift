import ArgumentParser
import Client
import Foundation
import Wire

/// The command line of a renter, and of a provider.
@main
enum Program {
  static func main() async {
    // A reader that went away is an error of writing, not the end of us.
    signal(SIGPIPE, SIG_IGN)
    let line = GivenArguments(Array(CommandLine.arguments.dropFirst()), for: LeaseholdCommand.self)
    do {
      try await Table.$room.withValue(line.isWide ? nil : Terminal.outputColumns) {
        var command = try LeaseholdCommand.parseAsRoot(line.arguments)
        if var asynchronous = command as? any AsyncParsableCommand {
          try await asynchronous.run()
        } else {
          try command.run()
        }
      }
    } catch let error as any CustomStringConvertible & Error where ExitStatus(error) != nil {
      let status = ExitStatus(error) ?? .failed
      if line.isJSON {
        Terminal.writeError(String(decoding: JSON.encode(ErrorDocument(error, status)), as: UTF8.self) + "\n")
      } else {
        Terminal.complain(String(describing: error))
      }
      exit(status.rawValue)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      let text = LeaseholdCommand.fullMessage(for: error)
      if LeaseholdCommand.exitCode(for: error) == .success {
        Terminal.write(text + "\n")
        exit(ExitStatus.done.rawValue)
      }
      if line.isJSON {
        let words = LeaseholdCommand.message(for: error)
        Terminal.writeError(
          String(decoding: JSON.encode(ErrorDocument(message: words, exitCode: 2)), as: UTF8.self) + "\n")
      } else {
        Terminal.writeError(text + "\n")
      }
      exit(ExitStatus.usage.rawValue)
    }
  }
}
