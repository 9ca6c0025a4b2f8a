import ArgumentParser
import Client
import Foundation
import Units
import Wire

struct AdminOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A file with the provider's token (default: $LEASEHOLD_ADMIN_TOKEN, else .leasehold/state/admin.token).",
      valueName: "file"))
  var tokenFile: String?

  /// - Parameter environment: the process's, unless a test says otherwise.
  func tokenIfAny(
    for server: ServerAddress, _ environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> String? {
    if let tokenFile { return try Self.read(tokenFile) }
    if let token = environment["LEASEHOLD_ADMIN_TOKEN"], !token.isEmpty { return try Self.check(token) }
    // Where scripts/run keeps it. A server elsewhere is shown it only when that is asked for.
    guard server.isLoopback else { return nil }
    let home = environment["LEASEHOLD_STATE_DIRECTORY"] ?? (environment["LEASEHOLD_HOME"] ?? ".leasehold") + "/state"
    let file = home + "/admin.token"
    return FileManager.default.isReadableFile(atPath: file) ? try Self.read(file) : nil
  }

  func token(for session: Session) throws -> String {
    guard let token = try tokenIfAny(for: session.client.server) else {
      throw Complaint.usage("say who you are: --token-file <state>/admin.token, or LEASEHOLD_ADMIN_TOKEN")
    }
    return token
  }

  private static func read(_ file: String) throws -> String {
    guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {  // Said in a sentence.
      throw Complaint.failed("cannot read \(file)")
    }
    return try check(text.trimmingCharacters(in: .whitespacesAndNewlines))
  }

  /// What could not stand in a header line is no token.
  private static func check(_ token: String) throws -> String {
    guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
      throw Complaint.usage("the provider's token is one word of plain characters")
    }
    return token
  }
}

struct AdminCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "admin", abstract: "For the provider: how things stand, and setting them right.",
    subcommands: [
      Overview.self, Leases.self, Lease.self, Audit.self, Variants.self, Earnings.self, Freeze.self, Thaw.self,
      Suspend.self,
      Resume.self, Evict.self, Protect.self, Breaker.self, ConfirmRate.self, Payout.self,
      Unbooked.self, Notices.self, Credit.self, Credits.self, Waitlist.self,
    ],
    defaultSubcommand: Overview.self)

  struct Overview: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "overview", abstract: "Overdue work, capacity, leases by state.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).overview()
        session.put(answer) { AdminView.overview($0, now: session.now) }
      }
    }
  }

  struct Leases: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "leases", abstract: "All leases.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Option(help: "Only those in this state.") var state: String?

    func run() async throws {
      try await Session.run(options) { session in
        let list = try await AdminClient(session.client, token: admin.token(for: session)).leases(state: state)
        session.put(list) { AdminView.leases(list.items, now: session.now) }
      }
    }
  }

  struct Lease: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "lease", abstract: "Everything about one lease: effects, events, why.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).lease(session.lease(lease))
        session.put(answer) { AdminView.lease($0, now: session.now) }
      }
    }
  }

  struct Audit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "audit", abstract: "Prove the books; ends with 1 if they do not add up.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Flag(help: "Read again what was proved before, too.") var full = false
    @Flag(help: "Compare them with what the node says was paid, too.") var withNode = false
    @Flag(help: "With --with-node: book what is missing, or keep it as unbooked.") var takeIn = false

    func validate() throws {
      if takeIn, !withNode { throw ValidationError("--take-in goes with --with-node.") }
    }

    func run() async throws {
      try await Session.run(options) { session in
        let client = AdminClient(session.client, token: try admin.token(for: session))
        if withNode {
          let answer = try await client.auditWithNode(takeIn: takeIn)
          session.put(answer) { AdminView.audit($0) }
          if !answer.document.sound { throw ExitCode(ExitStatus.failed.rawValue) }
        }
        let answer = try await client.audit(full: full)
        if !withNode { session.put(answer) { AdminView.audit($0) } }
        if !answer.document.sound {
          throw Complaint.failed("the books do not add up: \(answer.document.findings.joined(separator: "; "))")
        }
      }
    }
  }
}

extension AdminCommand {
  struct Variants: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "variants", abstract: "How offers do that are tried at several prices.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).variants()
        session.put(answer) { AdminView.variants($0.items) }
      }
    }
  }

  struct Breaker: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "release-breaker", abstract: "Let suspensions go on that the circuit breaker holds back.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await Session.run(options) { session in
        try await AdminClient(session.client, token: admin.token(for: session)).releaseBreaker()
        session.put(["breaker": "released"]) { "" }
      }
    }
  }
}

extension AdminCommand {
  struct ConfirmRate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "confirm-rate", abstract: "Believe the rate of a currency that moved too far to be believed unseen.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument(help: "USD or EUR.") var currency: String

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).confirmRate(
          of: currency.uppercased())
        session.put(answer) { "\(Human.rate($0)) is believed\n" }
      }
    }
  }
}

/// Commands that do something to one lease.
protocol OperatorCommand: AsyncParsableCommand {
  var options: GlobalOptions { get }
  var admin: AdminOptions { get }
  var lease: String { get }
  func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument>
}

extension OperatorCommand {
  func run() async throws {
    try await Session.run(options) { session in
      let client = AdminClient(session.client, token: try admin.token(for: session))
      let answer = try await perform(client, on: session.lease(lease), at: session.now)
      session.put(answer) { AdminView.lease($0, now: session.now) }
    }
  }
}

extension AdminCommand {
  struct Freeze: OperatorCommand {
    static let configuration = CommandConfiguration(
      commandName: "freeze", abstract: "Seal a lease: time stops, doors shut, nothing is reclaimed.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String
    @Option(help: "Why, for the renter, who is shown it.") var reason: String?

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.perform(.freeze, on: lease, because: reason)
    }
  }

  struct Thaw: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "thaw", abstract: "Take the seal off.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.perform(.thaw, on: lease)
    }
  }

  struct Suspend: OperatorCommand {
    static let configuration = CommandConfiguration(commandName: "suspend", abstract: "Suspend a lease.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String
    @Option(help: "Why, for the renter, who is shown it.") var reason: String?

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.perform(.suspend, on: lease, because: reason)
    }
  }

  struct Resume: OperatorCommand {
    static let configuration = CommandConfiguration(
      commandName: "resume", abstract: "Resume what an operator suspended.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.perform(.resume, on: lease)
    }
  }

  struct Evict: OperatorCommand {
    static let configuration = CommandConfiguration(
      commandName: "evict", abstract: "End a lease, with notice; what is left of its balance goes back.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String
    @Option(help: "How many seconds from now.") var after: Int64 = 86_400
    @Option(help: "Why, for the renter, who is shown it.") var reason: String?
    @Flag(help: "Call the eviction off.") var cancel = false

    func validate() throws {
      if !(0...31_622_400).contains(after) { throw ValidationError("--after is from 0 to 31622400 seconds.") }
    }

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.evict(lease, until: cancel ? nil : Timestamp(now + Seconds(after)), because: reason)
    }
  }

  struct Protect: OperatorCommand {
    static let configuration = CommandConfiguration(
      commandName: "protect", abstract: "Keep a suspended lease past its retention.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions
    @Argument var lease: String
    @Flag(help: "No longer.") var off = false

    func perform(_ admin: AdminClient, on lease: String, at now: Instant) async throws -> Answer<AdminLeaseDocument> {
      try await admin.protect(lease, !off)
    }
  }
}
