import ArgumentParser
import Client
import Wire

extension TokenCommand {
  struct Password: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "password", abstract: "A user name and password for a disk, for clients that know nothing else.",
      discussion: """
        For Finder, Explorer, cadaver and phones: they ask for a user name and a password when they open the address. \
        It reads and writes files, less if you say so, as long as the lease lives; 'leasehold credential revoke' with \
        its token ends it. The server takes it over TLS and on its own machine only.

          leasehold token password @last
          leasehold token password @last --read-only --path /photos --valid-for 7d
        """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var conditions: NarrowingOptions
    @Argument(help: "LEASE or @last: a disk.") var lease: String

    struct Document: Codable {
      var lease: String
      var url: String
      var user: String
      var password: String
      var token: String
    }

    func run() async throws {
      try await Session.run(options, of: lease) { session, lease in
        var (caveats, remark) = try conditions.caveats(within: nil, at: session.now)
        // Files are all that it can be used for.
        if !conditions.readOnly, conditions.capabilities == nil {
          caveats.insert("leasehold_capabilities=read,write", at: 0)
        }
        let minted = try await session.client.password(lease, caveats: caveats).document
        guard let user = minted.user, let password = minted.password else {
          throw Complaint.failed("this server gives no passwords: it is older than this command")
        }
        let url = session.client.door(lease, conditions.path.flatMap { RemotePath($0) } ?? .root)
        session.put(Document(lease: lease, url: url, user: user, password: password, token: minted.token)) {
          Table.facts([("address", url), ("user", user), ("password", password), ("token", minted.token)])
        }
        if let remark, !session.isQuiet { Terminal.remark(remark) }
      }
    }
  }
}
