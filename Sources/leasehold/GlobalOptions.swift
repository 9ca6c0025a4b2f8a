import ArgumentParser
import Client
import Foundation
import Units

/// Options of every command.
struct GlobalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The server (default: $LEASEHOLD_SERVER, else http://127.0.0.1:8402).", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "Where credentials are kept (default: $XDG_STATE_HOME/leasehold, else ~/.local/state/leasehold).",
      valueName: "folder"))
  var stateDirectory: String?

  @Flag(help: "Put out one JSON document instead of text.")
  var json = false

  @Flag(name: .shortAndLong, help: "Say nothing beside the result.")
  var quiet = false

  func validate() throws {
    if let server, ServerAddress(server) == nil {
      throw ValidationError("'\(server)' is not an address like http://host:8402.")
    }
  }

  func address() throws -> ServerAddress {
    guard let text = server ?? ProcessInfo.processInfo.environment["LEASEHOLD_SERVER"], !text.isEmpty
    else { return .standard }
    guard let address = ServerAddress(text) else {
      throw Complaint.usage("LEASEHOLD_SERVER is not an address like http://host:8402")
    }
    return address
  }

  func openState() throws -> StateDirectory {
    guard let path = stateDirectory ?? StateDirectory.standardPath(environment: ProcessInfo.processInfo.environment)
    else {
      throw Complaint.usage("neither XDG_STATE_HOME nor HOME says where state is kept; use --state-directory")
    }
    return try StateDirectory(
      path: path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path)
  }
}

/// Options of commands that may pay.
struct PaymentOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Refuse to pay more than this, in sat.", valueName: "sat"))
  var maxSats: Int64?

  @Flag(help: "Show the invoice, to be paid from a wallet of your own, and wait for the payment.")
  var byHand = false

  func validate() throws {
    if let maxSats, maxSats < 0 || maxSats > 2_100_000_000_000_000 {
      throw ValidationError("--max-sats is not a number of satoshis.")
    }
  }

  var limit: Millisatoshi? { maxSats.map { Millisatoshi(satoshis: $0) } }
}

/// Options of commands that go through a door of a lease.
struct DoorOptions: ParsableArguments {
  @Flag(help: "Pay the renewal if the lease has run out, instead of ending with code 3.")
  var pay = false
}
