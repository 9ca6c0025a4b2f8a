import ArgumentParser
import Client
import Foundation
import Wire

struct OffersCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "offers", abstract: "What can be rented, and how much is left of it.")

  @OptionGroup var options: GlobalOptions
  @Argument(help: "One offer, in full.") var offer: String?

  func run() async throws {
    try await Session.run(options) { session in
      if let offer {
        session.put(try await session.client.offer(offer)) { OfferView.facts($0) }
      } else {
        let offers = try await session.client.offers()
        session.put(offers) { OfferView.table(offers.items) }
      }
    }
  }
}

struct RentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rent", abstract: "Rent an offer, and pay for it.",
    usage: "leasehold rent <offer> [options] [-- <command> ...]",
    discussion: """
      The invoice is checked against what the server says before it is paid. If this is killed after paying, run \
      exactly the same again: it goes on where it ended, and nothing is paid twice.

        leasehold rent disk-small --periods 3 --name photos
        leasehold rent box --disk @last --wait
        leasehold rent box --image busybox --env GREETING=hello --wait -- /bin/sh -c 'echo $GREETING; sleep 600'
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Argument(help: "The offer's id: see 'leasehold offers'.") var offer: String
  @Option(help: "What the lease is called here, instead of its id: small letters, digits and hyphens.") var name:
    String?
  @Option(name: .shortAndLong, help: "How many periods to buy.") var periods: Int64?
  @Option(help: "One of the offer's images, by name or digest.") var image: String?
  @Option(help: "Mount a disk lease of yours, or one lent to you, at /disk; read-only where you may only read.")
  var disk: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("Set a variable in the container.", valueName: "name=value"))
  var env: [String] = []
  @Option(
    help: ArgumentHelp(
      "A port the container listens on: 8080 for holders of the credential, 8080:public for anybody.", valueName: "port"
    ))
  var port: [String] = []
  @Option(help: ArgumentHelp("A file with a public SSH key.", valueName: "file")) var sshKey: String?
  @Option(help: "When the container's command ends: 'never', 'on-failure' or 'always' it is started again.")
  var restart: String?
  @Option(help: ArgumentHelp("What it may spend in a day on what is metered: see 'leasehold limit'.", valueName: "sat"))
  var limit: Int64?
  @Flag(help: "Make an address of the lease as well: see 'leasehold address'.") var address = false
  @Option(
    help: ArgumentHelp(
      "Be told there before time runs out: https://…, an address of e-mail, or npub1… See 'leasehold notify'.",
      valueName: "where"))
  var notify: [String] = []
  @Flag(help: "Wait until the lease is ready for use; where nothing is free, in the queue for it first.") var wait =
    false
  @Argument(parsing: .postTerminator, help: "What the container runs instead of its image's own command.")
  var command: [String] = []

  func run() async throws {
    try await Session.run(options, .paying(payment)) { session in
      let request = try request(session)
      var answer = try await rentInTurn(request, session)
      let (place, contacts) = (answer.document.address, answer.document.contacts)
      if wait {
        answer = try await session.client.waitUntilReady(answer.document.id)
        guard answer.document.state == "active" else {
          session.put(answer) { LeaseView.facts($0, now: session.now) }
          if let failure = answer.document.failure {
            throw Complaint.failed(
              "it could not be made, and what was paid is its credit: \(failure.detail) (\(failure.code)); 'leasehold "
                + "refund' takes it out")
          }
          throw Complaint.failed("the lease is \(Human.state(answer.document)); 'leasehold explain' says why")
        }
      }
      guard place != nil || contacts != nil else {
        session.put(answer) { LeaseView.facts($0, now: session.now) + LeaseView.steps($0, session.short($0.id)) }
        return
      }
      var document = answer.document
      document.address = place
      document.contacts = contacts
      session.put(document) {
        LeaseView.facts(document, now: session.now) + (place.map { "\naddress: \($0)\n" } ?? "")
          + (contacts ?? []).map { "\n" + ContactView.made($0) }.joined()
          + LeaseView.steps(document, session.short(document.id))
      }
    }
  }

  static func port(_ text: String) throws -> PortDocument {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    guard let number = Int(parts[0]) else { throw Complaint.failed("a port is a number, or 8080:public: \(text)") }
    return PortDocument(port: number, access: parts.count == 2 ? String(parts[1]) : "credential")
  }

  private func request(_ session: Session) throws -> RentRequest {
    RentRequest(
      offer: offer, periods: periods, image: image, command: command.isEmpty ? nil : command,
      env: try Variables.read(env), ports: port.isEmpty ? nil : try port.map { try Self.port($0) },
      sshKey: try sshKey.map { path in
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {  // Said in a sentence.
          throw Complaint.failed("cannot read \(path)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
      },
      disk: try disk.map { try session.lease($0) }, restart: restart,
      limits: limit.map { LimitsRequest(spendSatPerDay: $0) }, address: address ? true : nil,
      contacts: notify.isEmpty ? nil : notify.map { ContactView.request($0) })
  }
}

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Your leases.",
    discussion: "Of every server, unless one is named. A LEASE is named by what stands in the first column.",
    aliases: ["leases"])

  @OptionGroup var options: GlobalOptions
  @Flag(name: .shortAndLong, help: "Those that are over too.") var all = false

  func run() async throws {
    let state = try options.openState()
    let named = try options.namedAddress()
    let known = try state.storedLeases(of: named).filter { all || !$0.isClosed }
    let standard = try named ?? options.address()
    var servers = known.compactMap(\.address).reduce(into: [ServerAddress]()) { if !$0.contains($1) { $0.append($1) } }
    if servers.isEmpty { servers = [standard] }
    var leases: [LeaseDocument] = []
    var failure: (any Error)?
    for server in servers {
      do {
        try await Session.run(options, at: server, state) { session in
          leases += try await look(session, known.filter { $0.address == server })
        }
      } catch {
        // One server that is away does not hide the others' leases.
        guard servers.count > 1 else { throw error }
        Terminal.complain("\(error)")
        failure = error
      }
    }
    try await Session.run(options, at: standard, state) { session in
      let names = known.reduce(into: [String: String]()) { $0[$1.lease] = $1.name }
      for id in try state.damagedLeases() { Terminal.complain("\(id): the file with its credential is damaged") }
      session.put(ListDocument(items: leases)) {
        leases.isEmpty
          ? "no leases; 'leasehold offers' shows what can be rented\n"
          : LeaseView.table(leases, now: session.now, names: names)
      }
      if !session.isQuiet {
        for lease in leases {
          let called = names[lease.id] ?? session.short(lease.id)
          if let warning = LeaseView.warning(lease, called, now: session.now) { Terminal.remark(warning) }
        }
      }
      let unfinished = try servers.contains { server in
        try state.unfinishedPurchases(of: server).contains { $0.paymentHash != nil }
      }
      if unfinished, !session.isQuiet {
        Terminal.remark("there are unfinished payments; 'leasehold recover' goes on with them")
      }
    }
    if let failure { throw ExitCode((ExitStatus(failure) ?? .failed).rawValue) }
  }

  private func look(_ session: Session, _ known: [StoredLease]) async throws -> [LeaseDocument] {
    var leases: [LeaseDocument] = []
    for lease in known {
      do throws(ClientError) {
        let document = try await session.client.lease(lease.lease).document
        if all || document.state != "closed" { leases.append(document) }
      } catch {
        // One lease that cannot be looked at does not hide the others.
        guard case .problem(let problem) = error, (400..<500).contains(problem.status) else { throw error }
        let hint = error.isHopeless ? "; 'leasehold forget \(session.short(lease.lease))' if it is of no more use" : ""
        Terminal.complain("\(lease.lease): \(error)\(hint)")
      }
    }
    return leases
  }
}

struct ForgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "forget", abstract: "Throw away what is kept of a lease here: its credential too.",
    discussion: """
      For leases that are over, or of a server that lost its keys. The provider is told nothing; a lease that lives goes \
      on, and nobody here can use it any more: 'leasehold credential export' first, or 'leasehold release'.
      """)

  @OptionGroup var options: GlobalOptions
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @Argument var lease: String

  func run() async throws {
    let state = try options.openState()
    let id = try state.resolve(lease, at: options.namedAddress())
    guard try state.isKept(id) else { throw ClientError.noCredential(lease: id) }
    // One that is over has nothing left to lose but its credit.
    try Consent.confirm("the credential of lease \(id) is thrown away", yes: yes)
    try state.forget(id)
    try await Session.run(options) { $0.put(["lease": id]) { "" } }
  }
}

struct NameCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "name", abstract: "Call a lease something.",
    usage: "leasehold name <lease> <name>\nleasehold name <lease> --none",
    discussion: "Here alone: the provider is not told. No two leases are called the same, over or not.")

  @OptionGroup var options: GlobalOptions
  @Flag(help: "Nothing any more.") var none = false
  @Argument var lease: String
  @Argument(help: "Small letters, digits and hyphens.") var name: String?

  func validate() throws {
    if none == (name != nil) { throw ValidationError("Say the name, or --none.") }
  }

  func run() async throws {
    let state = try options.openState()
    let id = try state.resolve(lease, at: options.namedAddress())
    try state.call(id, name)
    try await Session.run(options) { $0.put(["lease": id, "name": name]) { "" } }
  }
}

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "One lease, in full.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      session.put(try await session.client.lease(lease)) { LeaseView.facts($0, now: session.now) }
    }
  }
}

struct RenewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew", abstract: "Buy more time.",
    discussion: "Works for a lease you have no credential of, too: anyone may pay for a friend.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Argument var lease: String
  @Option(name: .shortAndLong, help: "How many periods to buy.") var periods: Int64?

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting, .paying(payment)) { session, lease in
      let answer = try await session.client.renew(lease, periods: periods, limit: payment.limit)
      session.put(answer) { LeaseView.facts($0, now: session.now) }
    }
  }
}

struct ChangeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "change", abstract: "Move a lease to another offer.",
    discussion: "An upgrade is paid for at once; a downgrade moves 'paid until' out.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Argument var lease: String
  @Argument var offer: String

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting, .paying(payment)) { session, lease in
      let answer = try await session.client.change(lease, to: offer, limit: payment.limit)
      session.put(answer) { LeaseView.facts($0, now: session.now) }
    }
  }
}

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Give a lease back; its data is erased.",
    discussion: "What is left of the balance becomes credit: see 'leasehold refund'.")

  @OptionGroup var options: GlobalOptions
  @Flag(name: .shortAndLong, help: "Do not ask.") var yes = false
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease, for: .acting) { session, lease in
      if !yes {
        // Asked first, so that what is about to go can be named.
        let document = try await session.client.lease(lease).document
        try Consent.confirm("lease \(lease) (\(document.offer)) ends and its data is erased", yes: yes)
      }
      session.put(try await session.client.release(lease)) { LeaseView.facts($0, now: session.now) }
    }
  }
}

/// `NAME=value`, several.
enum Variables {
  static func read(_ texts: [String]) throws -> [String: String]? {
    guard !texts.isEmpty else { return nil }
    var variables: [String: String] = [:]
    for text in texts {
      guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
        throw Complaint.usage("'\(text)' is not NAME=value")
      }
      variables[String(text[..<sign])] = String(text[sign...].dropFirst())
    }
    return variables
  }
}
