import ArgumentParser
import Client
import Foundation
import Units
import Wallets

/// Options of every command.
struct GlobalOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The server (default: the lease's own; else $LEASEHOLD_SERVER, else http://127.0.0.1:8402).", valueName: "url"))
  var server: String?

  @Option(
    help: ArgumentHelp(
      "Where credentials are kept (default: $XDG_STATE_HOME/leasehold, else ~/.local/state/leasehold).",
      valueName: "folder"))
  var stateDirectory: String?

  @Option(
    help: ArgumentHelp(
      "The configuration file (default: $LEASEHOLD_CONFIG, else $XDG_CONFIG_HOME/leasehold/config.json).",
      valueName: "file"))
  var config: String?

  @Option(
    help: ArgumentHelp(
      "Believe the certificates in this PEM file too, for a server with one of its own making.", valueName: "file"))
  var caFile: String?

  @Flag(help: "Put out one JSON document instead of text.")
  var json = false

  @Flag(help: "Leave nothing out of tables, however narrow the terminal is.")
  var wide = false

  @Flag(name: .shortAndLong, help: "Say nothing beside the result.")
  var quiet = false

  func validate() throws {
    if let server, ServerAddress(server) == nil {
      throw ValidationError("'\(server)' is not an address like http://host:8402.")
    }
  }

  func configuration() throws -> RenterConfiguration {
    try RenterConfiguration.read(config, ProcessInfo.processInfo.environment)
  }

  /// The server that is asked where no lease says another.
  func address() throws -> ServerAddress {
    // Read in any case: a file with a mistake in it is told of, also where nothing of it is needed.
    let file = try configuration()
    return try namedAddress() ?? file.server.flatMap { ServerAddress($0) } ?? .standard
  }

  /// The server that was named here and now.
  func namedAddress() throws -> ServerAddress? {
    let named = ProcessInfo.processInfo.environment["LEASEHOLD_SERVER"].flatMap { $0.isEmpty ? nil : $0 }
    guard let text = server ?? named else { return nil }
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

/// Which wallet pays.
struct WalletOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Pay from this wallet: embedded, manual, lnd, cln, lnbits or phoenixd. See 'leasehold wallet --help'.",
      valueName: "kind"))
  var wallet: WalletConfiguration.Kind?

  @Flag(help: "The same as --wallet manual: show the invoice with a QR code, and wait until you have paid it.")
  var byHand = false

  func validate() throws {
    if byHand, let wallet, wallet != .manual { throw ValidationError("--by-hand is --wallet manual.") }
  }

  var kind: WalletConfiguration.Kind? { byHand ? .manual : wallet }
}

extension WalletConfiguration.Kind: ExpressibleByArgument {}

/// Options of commands that may pay.
struct PaymentOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Pay up to this without asking, and refuse to pay more; in sat.", valueName: "sat"))
  var maxSats: Int64?

  @Flag(name: .shortAndLong, help: "Pay what limits and budget allow, without asking.")
  var yes = false

  @OptionGroup var source: WalletOptions

  func validate() throws { try Satoshis.check(maxSats, "--max-sats") }

  var limit: Millisatoshi? { maxSats.map { Millisatoshi(satoshis: $0) } }
}

/// Options of commands that go through a door of a lease.
struct DoorOptions: ParsableArguments {
  @Flag(help: "Pay the renewal if the lease has run out, instead of ending with code 3.")
  var pay = false

  @OptionGroup var payment: PaymentOptions
}

/// Amounts on the command line.
enum Satoshis {
  static let range: ClosedRange<Int64> = 0...2_100_000_000_000_000

  static func check(_ sats: Int64?, _ option: String) throws {
    if let sats, !range.contains(sats) { throw ValidationError("\(option) is not a number of satoshis.") }
  }
}
