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

        leasehold rent disk-small --periods 3
        leasehold rent box --image busybox --env GREETING=hello --wait -- /bin/sh -c 'echo $GREETING; sleep 600'
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Argument(help: "The offer's id: see 'leasehold offers'.") var offer: String
  @Option(name: .shortAndLong, help: "How many periods to buy.") var periods: Int64?
  @Option(help: "One of the offer's images, by name or digest.") var image: String?
  @Option(help: "Attach a disk lease of yours.") var disk: String?
  @Option(name: .shortAndLong, help: ArgumentHelp("Set a variable in the container.", valueName: "name=value"))
  var env: [String] = []
  @Option(help: ArgumentHelp("A port the container listens on.", valueName: "port")) var port: [Int] = []
  @Option(help: ArgumentHelp("A file with a public SSH key.", valueName: "file")) var sshKey: String?
  @Flag(help: "Wait until the lease is ready for use.") var wait = false
  @Argument(parsing: .postTerminator, help: "What the container runs instead of its image's own command.")
  var command: [String] = []

  func run() async throws {
    try await Session.run(options, .paying(payment)) { session in
      let request = try request(session)
      var answer = try await session.client.rent(request, limit: payment.limit)
      if wait {
        answer = try await session.client.waitUntilReady(answer.document.id)
        guard answer.document.state == "active" else {
          session.put(answer) { LeaseView.facts($0, now: session.now) }
          throw Complaint.failed("the lease is \(Human.state(answer.document)); 'leasehold explain' says why")
        }
      }
      session.put(answer) { LeaseView.facts($0, now: session.now) + LeaseView.steps($0) }
    }
  }

  private func request(_ session: Session) throws -> RentRequest {
    RentRequest(
      offer: offer, periods: periods, image: image, command: command.isEmpty ? nil : command,
      env: try Variables.read(env), ports: port.isEmpty ? nil : port,
      sshKey: try sshKey.map { path in
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
          throw Complaint.failed("cannot read \(path)")
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
      },
      disk: try disk.map { try session.lease($0) })
  }
}

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Your leases.", aliases: ["leases"])

  @OptionGroup var options: GlobalOptions
  @Flag(name: .shortAndLong, help: "Those that are over too.") var all = false

  func run() async throws {
    try await Session.run(options) { session in
      let known = try session.client.state.storedLeases(of: session.client.server).filter { all || !$0.isClosed }
      var leases: [LeaseDocument] = []
      for lease in known {
        do {
          let document = try await session.client.lease(lease.lease).document
          if all || document.state != "closed" { leases.append(document) }
        } catch let error as ClientError {
          // One lease that cannot be looked at does not hide the others.
          guard case .problem(let problem) = error, (400..<500).contains(problem.status) else { throw error }
          Terminal.complain("\(lease.lease): \(error)")
        }
      }
      for id in try session.client.state.damagedLeases() {
        Terminal.complain("\(id): the file with its credential is damaged")
      }
      session.put(ListDocument(items: leases)) {
        leases.isEmpty
          ? "no leases; 'leasehold offers' shows what can be rented\n"
          : LeaseView.table(leases, now: session.now)
      }
      let unfinished = try session.client.state.unfinishedPurchases(of: session.client.server)
      if unfinished.contains(where: { $0.paymentHash != nil }), !session.isQuiet {
        Terminal.remark("there are unfinished payments; 'leasehold recover' goes on with them")
      }
    }
  }
}

struct ShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "show", abstract: "One lease, in full.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options) { session in
      session.put(try await session.client.lease(session.lease(lease))) { LeaseView.facts($0, now: session.now) }
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
    try await Session.run(options, .paying(payment)) { session in
      let answer = try await session.client.renew(session.lease(lease), periods: periods, limit: payment.limit)
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
    try await Session.run(options, .paying(payment)) { session in
      let answer = try await session.client.change(session.lease(lease), to: offer, limit: payment.limit)
      session.put(answer) { LeaseView.facts($0, now: session.now) }
    }
  }
}

struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Give a lease back; its data is erased.",
    discussion: "What is left of the balance becomes credit: see 'leasehold refund'.")

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options) { session in
      session.put(try await session.client.release(session.lease(lease))) { LeaseView.facts($0, now: session.now) }
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
