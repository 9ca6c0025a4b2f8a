import ArgumentParser
import Client
import Foundation
import Wire

struct CredentialCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "credential", abstract: "Look at, exchange, lend and revoke credentials.",
    subcommands: [Show.self, List.self, Swap.self, Rotate.self, Narrow.self, Revoke.self, Export.self, Import.self],
    defaultSubcommand: Show.self)

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "What your credential is and how far it reaches.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.introspect(lease)) { credential in
          Table.facts([
            ("lease", credential.lease), ("token", credential.token),
            ("capabilities", credential.capabilities.joined(separator: ", ")),
            ("expiry", credential.expiry), ("valid until", Human.moment(credential.validUntil, session.now)),
            ("path", credential.path), ("methods", credential.methods?.joined(separator: ", ")),
            ("pays at most", credential.maxMsat.map { Human.sats($0) }),
            ("caveats", credential.caveats.isEmpty ? nil : credential.caveats.joined(separator: "  ")),
          ])
        }
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "The lease's credentials, by name.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        let list = try await session.client.credentials(of: lease)
        session.put(list) {
          var table = Table("TOKEN", "CAPABILITIES", "MADE", "REVOKED")
          for item in list.items {
            table.add([
              item.token, item.capabilities, Human.time(item.createdAt), item.revokedAt.map { Human.time($0) } ?? "-",
            ])
          }
          return table.text
        }
      }
    }
  }

  struct Swap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "swap", abstract: "Exchange your credential for one with a later expiry, free of charge.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.swap(lease)) { MintedView.facts($0, session) }
      }
    }
  }

  struct Rotate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "rotate", abstract: "A new credential for you, and all others of the lease revoked.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        session.put(try await session.client.rotate(lease)) { MintedView.facts($0, session) }
      }
    }
  }

  struct Narrow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "narrow", abstract: "Make a narrower credential, to be lent to a friend.",
      discussion: """
        Puts out the credential as it goes into an Authorization line; it can be revoked alone, with 'credential \
        revoke'. A friend keeps it with 'leasehold credential import'.

          leasehold credential narrow @last --read-only --path /photos --hours 24
        """)
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Flag(help: "Reading, and nothing else.") var readOnly = false
    @Option(help: "This file or folder only.") var path: String?
    @Option(help: "Not longer than so many hours from now, nor than your own.") var hours: Int64?
    @Option(help: ArgumentHelp("From these addresses only.", valueName: "cidr")) var source: String?
    @Option(help: ArgumentHelp("Any other caveat, as it stands.", valueName: "condition=value")) var caveat: [String] =
      []

    func validate() throws {
      if let hours, !(1...8_784).contains(hours) { throw ValidationError("--hours is from 1 to 8784.") }
    }

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        let id = lease
        let until = hours.map { session.now.unixSeconds + $0 * 3_600 }
        let caveats =
          [
            readOnly ? "leasehold_capabilities=read" : nil, path.map { "leasehold_path=\($0)" },
            source.map { "leasehold_source=\($0)" },
          ].compactMap(\.self) + caveat
        guard !caveats.isEmpty || until != nil else {
          throw Complaint.usage("say what to narrow, for instance --read-only")
        }
        let (answer, credential) = try await narrow(session, id, caveats, until)
        session.put(answer) { _ in credential.authorization + "\n" }
        if !session.isJSON, !session.isQuiet { Terminal.remark("token \(answer.document.token)") }
      }
    }

    /// What is minted ends with the time that is paid. Where that is sooner than what was asked for, the wish would be
    /// a widening, and is left out.
    private func narrow(
      _ session: Session, _ lease: String, _ caveats: [String], _ until: Int64?
    ) async throws -> (answer: Answer<MintedCredential>, credential: Credential) {
      guard let until else { return try await session.client.narrow(lease, caveats: caveats) }
      do {
        return try await session.client.narrow(lease, caveats: caveats + ["leasehold_valid_until=\(until)"])
      } catch {
        guard case .problem(let problem) = error, problem.status == 422, !caveats.isEmpty else { throw error }
        let (answer, credential) = try await session.client.narrow(lease, caveats: caveats)
        guard answer.document.validUntil.instant.unixSeconds <= until else {
          try await session.client.revoke(answer.document.token, of: lease)
          throw error
        }
        return (answer, credential)
      }
    }
  }

  struct Revoke: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "revoke", abstract: "Revoke a credential, and all that were made from it.")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String
    @Argument(help: "Its name: see 'credential list'.") var token: String

    func run() async throws {
      try await Session.run(options, of: lease) { try await $0.client.revoke(token, of: $1) }
    }
  }

  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "export", abstract: "Put out your credential: whoever reads it has the lease.",
      discussion: "For other programs:  curl -H \"Authorization: $(leasehold credential export @last)\" …")
    @OptionGroup var options: GlobalOptions
    @Argument var lease: String

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        let id = lease
        guard let credential = try session.client.state.storedLease(id)?.credential
        else { throw ClientError.noCredential(lease: id) }
        session.put(["lease": id, "authorization": credential.authorization]) { credential.authorization + "\n" }
      }
    }
  }

  struct Import: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "import", abstract: "Keep a credential that you were given, read from standard input.")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
      try await Session.run(options) { session in
        let text = try FileHandle.standardInput.readToEnd().map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard let credential = Credential(text.trimmingCharacters(in: .whitespacesAndNewlines)),
          let lease = credential.lease
        else { throw Complaint.failed("that is no credential of a lease") }
        guard try session.client.state.keep(credential, of: lease, at: session.client.server, now: session.now) else {
          throw Complaint.failed("what is kept of lease \(lease) allows more; 'leasehold forget' it first")
        }
        session.put(["lease": lease]) { "lease \(lease)\n" }
      }
    }
  }
}

enum MintedView {
  static func facts(_ minted: MintedCredential, _ session: Session) -> String {
    Table.facts([
      ("token", minted.token), ("capabilities", minted.capabilities),
      ("valid until", Human.moment(minted.validUntil, session.now)),
    ])
  }
}
