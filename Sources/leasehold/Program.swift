import ArgumentParser
import Client
import Foundation

/// The command line of a renter, and of a provider.
@main
enum Program {
  static func main() async {
    // A reader that went away is an error of writing, not the end of us.
    signal(SIGPIPE, SIG_IGN)
    do {
      var command = try LeaseholdCommand.parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch let error as any CustomStringConvertible & Error where ExitStatus(error) != nil {
      let status = ExitStatus(error) ?? .failed
      Terminal.complain(String(describing: error))
      exit(status.rawValue)
    } catch let code as ExitCode {
      exit(code.rawValue)
    } catch {
      let text = LeaseholdCommand.fullMessage(for: error)
      if LeaseholdCommand.exitCode(for: error) == .success {
        Terminal.write(text + "\n")
        exit(ExitStatus.done.rawValue)
      }
      Terminal.writeError(text + "\n")
      exit(ExitStatus.usage.rawValue)
    }
  }
}
