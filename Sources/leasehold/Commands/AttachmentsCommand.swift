import ArgumentParser
import Client
import Wire

struct AttachmentsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "attachments", abstract: "Where a disk is mounted, and ending that.",
    discussion: """
      For a disk: the containers it is or was in. For a container: its disk. An attachment ends by itself when the \
      credential it was made under is revoked or runs out, or either lease ends. A container that loses its disk is \
      started again without it.

        leasehold attachments @last
        leasehold attachments @last --end box-lease
        leasehold attachments @last --end-all
      """)

  @OptionGroup var options: GlobalOptions
  @Argument(help: "LEASE or @last: a disk or a container.") var lease: String
  @Option(help: ArgumentHelp("End the attachment with this lease.", valueName: "lease")) var end: String?
  @Flag(help: "End every attachment of the lease.") var endAll = false

  func validate() throws {
    if end != nil, endAll { throw ValidationError("--end or --end-all.") }
  }

  func run() async throws {
    try await Session.run(options) { session in
      let id = try session.lease(lease)
      if endAll {
        try await session.client.endAttachments(of: id)
      } else if let end {
        try await session.client.endAttachments(of: id, with: end)
      }
      session.put(try await session.client.attachments(of: id)) { list in
        guard !list.items.isEmpty else { return "attached nowhere\n" }
        var table = Table("DISK", "CONTAINER", "STATE", "MAY", "SINCE")
        for item in list.items {
          table.add([
            item.disk, item.container, item.state + (item.cause.map { " (\($0))" } ?? ""),
            item.readOnly ? "read" : "read, write", Human.time(item.attachedAt),
          ])
        }
        return table.text
      }
    }
  }
}
