import Wire

/// A tool of the Model Context Protocol: a verb of the command line, and how what it is given becomes that line's words.
struct MCPTool: Sendable {
  /// What it may do to a lease and to a wallet: what a client shows before it is called.
  enum Effect: Sendable {
    case looks, changes, spends, destroys
  }

  /// How its output is told.
  enum Output: Sendable {
    /// One JSON document.
    case document
    /// Bytes as they are: a log, a file.
    case bytes
    /// Lines of a command that ran, and its exit code.
    case command
  }

  /// The words behind `leasehold`, and standard input.
  struct Line: Sendable {
    var words: [String]
    var input: [UInt8] = []
  }

  var name: String
  var title: String
  var effect: Effect
  var output = Output.document
  var description: String
  var fields: [MCPField] = []
  var line: @Sendable (MCPArguments) throws(Complaint) -> Line

  /// As `tools/list` tells of it.
  var document: JSONNode {
    let required = fields.filter(\.isRequired).map { JSONNode.string($0.name) }
    return [
      "name": .string(name), "title": .string(title), "description": .string(description),
      "inputSchema": [
        "type": "object", "properties": .object(fields.map { .init(name: $0.name, value: $0.schema) }),
        "required": .array(required), "additionalProperties": false,
      ],
      "annotations": [
        "title": .string(title), "readOnlyHint": .bool(effect == .looks),
        "destructiveHint": .bool(effect == .destroys), "idempotentHint": .bool(effect == .looks), "openWorldHint": true,
      ],
    ]
  }
}

extension MCPTool {
  /// The most bytes of a file that are written or read in one call, and of what a command is given.
  static let most = 512 << 10

  static let lease = MCPField(
    "lease", .text(200), required: true, "A lease: its id, its name, an ending of its id, or @last: the newest.")
  static let path = MCPField("path", .text(4_096), required: true, "A path on the disk, such as /letters/to-whom.txt.")
  static let spending = MCPField(
    "max_sats", .integer(Satoshis.range), required: true,
    "The most that may be paid for this, in satoshis. Dearer than that, nothing is paid and the price is told.")

  /// In the order in which somebody would use them.
  static let all: [MCPTool] = selling + keeping + disks + containers + accounts

  private static let selling: [MCPTool] = [
    MCPTool(
      name: "offers", title: "What can be rented", effect: .looks,
      description: "Lists what can be rented here, with prices in millisatoshis and what is left. Nothing is paid.",
      fields: [MCPField("offer", .text(200), "One offer, in full.")]
    ) { given throws(Complaint) in
      Line(words: ["offers"] + (given.text("offer") == nil ? [] : [try given.word("offer")]))
    },
    MCPTool(
      name: "rent", title: "Rent an offer", effect: .spends,
      description: """
        Rents a disk or a container and pays for it from the wallet, within max_sats and the wallet's budget; returns when \
        it is ready. If a call was broken off, calling it again with the same arguments goes on, and pays nothing twice.
        """,
      fields: [
        MCPField("offer", .text(200), required: true, "The offer's id, from 'offers'."), spending,
        MCPField("periods", .integer(1...1_000_000), "How many periods to buy; 1 if it is left out."),
        MCPField("name", .text(64), "What the lease is called here: small letters, digits and hyphens."),
        MCPField("image", .text(512), "For a container: one of the offer's images."),
        MCPField("env", .variables, "For a container: variables of its environment."),
        MCPField("command", .texts, "For a container: what runs in it instead of the image's own command."),
        MCPField("disk", .text(200), "For a container: a disk lease of yours, mounted at /disk."),
      ]
    ) { given throws(Complaint) in
      var words = ["rent", "--wait"] + given.option("max-sats", "max_sats") + given.option("periods", "periods")
      for name in ["name", "image", "disk"] { words += given.option(name, name) }
      words += given.variables("env").map { "--env=\($0.name)=\($0.value)" }
      words.append(try given.word("offer"))
      let command = given.texts("command")
      return Line(words: command.isEmpty ? words : words + ["--"] + command)
    },
  ]

  private static let keeping: [MCPTool] = [
    MCPTool(
      name: "list", title: "Your leases", effect: .looks,
      description: "Lists the leases that are kept here: state, until when each is paid, and what happens next.",
      fields: [MCPField("all", .flag, "Those that are over too.")]
    ) { given throws(Complaint) in Line(words: ["list"] + (given.flag("all") ? ["--all"] : [])) },
    MCPTool(
      name: "show", title: "One lease", effect: .looks, description: "Shows one lease in full.", fields: [lease]
    ) { given throws(Complaint) in Line(words: ["show", try given.word("lease")]) },
    MCPTool(
      name: "renew", title: "Buy more time", effect: .spends,
      description:
        "Buys more time for a lease, and pays for it from the wallet, within max_sats and the wallet's budget.",
      fields: [
        lease, spending, MCPField("periods", .integer(1...1_000_000), "How many periods to buy; 1 if it is left out."),
      ]
    ) { given throws(Complaint) in
      Line(
        words: ["renew"] + given.option("max-sats", "max_sats") + given.option("periods", "periods")
          + [try given.word("lease")])
    },
    MCPTool(
      name: "change", title: "Move to another offer", effect: .spends,
      description: "Moves a lease to another offer of its kind. A dearer one is paid for at once, within max_sats.",
      fields: [lease, MCPField("offer", .text(200), required: true, "The offer's id, from 'offers'."), spending]
    ) { given throws(Complaint) in
      Line(
        words: ["change"] + given.option("max-sats", "max_sats") + [try given.word("lease"), try given.word("offer")])
    },
    MCPTool(
      name: "name", title: "Name a lease", effect: .changes,
      description: "Calls a lease something, here alone: the provider is not told.",
      fields: [lease, MCPField("name", .text(64), required: true, "Small letters, digits and hyphens.")]
    ) { given throws(Complaint) in Line(words: ["name", try given.word("lease"), try given.word("name")]) },
    MCPTool(
      name: "release", title: "End a lease, and erase its data", effect: .destroys,
      description:
        "Ends a lease at once. All of its data is erased, and cannot be had back; unused time becomes credit.",
      fields: [lease, MCPField("erase_data", .flag, required: true, "Must be true: the data is gone for good.")]
    ) { given throws(Complaint) in
      guard given.flag("erase_data") else { throw .usage("nothing was ended: 'erase_data' is not true") }
      return Line(words: ["release", "--yes", try given.word("lease")])
    },
  ]

  private static let disks: [MCPTool] = [
    MCPTool(
      name: "ls", title: "List a folder", effect: .looks, description: "Lists a folder of a disk lease.",
      fields: [lease, MCPField("path", .text(4_096), "The folder; the root if it is left out.")]
    ) { given throws(Complaint) in Line(words: ["ls", try given.place()]) },
    MCPTool(
      name: "get", title: "Read a file", effect: .looks, output: .bytes,
      description: "Reads a file of a disk lease, up to 512 KiB of it. What is no text comes in base64.",
      fields: [lease, path]
    ) { given throws(Complaint) in Line(words: ["get", try given.place(), "-"]) },
    MCPTool(
      name: "put", title: "Write a file", effect: .destroys,
      description:
        "Writes a text to a file of a disk lease; a file that is there is replaced. Folders above must be there.",
      fields: [lease, path, MCPField("text", .text(most), required: true, "What the file holds then.")]
    ) { given throws(Complaint) in
      Line(words: ["put", "-", try given.place()], input: Array((given.text("text") ?? "").utf8))
    },
    MCPTool(
      name: "mkdir", title: "Make folders", effect: .changes,
      description: "Makes a folder on a disk lease, and those above it; one that is there is well.",
      fields: [lease, path]
    ) { given throws(Complaint) in Line(words: ["mkdir", try given.place()]) },
    MCPTool(
      name: "rm", title: "Remove a file or folder", effect: .destroys,
      description: "Removes a file of a disk lease; a folder only when 'recursive' is true, with everything in it.",
      fields: [lease, path, MCPField("recursive", .flag, "Folders too.")]
    ) { given throws(Complaint) in
      Line(words: ["rm"] + (given.flag("recursive") ? ["--recursive"] : []) + [try given.place()])
    },
  ]

  private static let containers: [MCPTool] = [
    MCPTool(
      name: "exec", title: "Run a command in a container", effect: .destroys, output: .command,
      description: """
        Runs a command in a container lease and returns its output and exit code. There is no shell: say \
        ["/bin/sh", "-c", "…"] for one.
        """,
      fields: [
        lease, MCPField("command", .texts, required: true, "The command and its arguments."),
        MCPField("env", .variables, "Variables of its environment."),
        MCPField("input", .text(most), "What it reads on its standard input."),
        MCPField("timeout_seconds", .integer(1...3_600), "It is killed after so long; 60 if it is left out."),
      ]
    ) { given throws(Complaint) in
      let command = given.texts("command")
      guard !command.isEmpty else { throw .usage("'command' is empty") }
      let input = given.text("input").map { Array($0.utf8) }
      return Line(
        words: ["exec", "--timeout=\(given.integer("timeout_seconds") ?? 60)"] + (input == nil ? [] : ["--interactive"])
          + given.variables("env").map { "--env=\($0.name)=\($0.value)" } + [try given.word("lease"), "--"] + command,
        input: input ?? [])
    },
    MCPTool(
      name: "logs", title: "What a container has put out", effect: .looks, output: .bytes,
      description: "Reads the last lines of what a container's own command has put out.",
      fields: [lease, MCPField("tail", .integer(1...10_000), "How many lines; 100 if it is left out.")]
    ) { given throws(Complaint) in
      Line(words: ["logs", "--tail=\(given.integer("tail") ?? 100)", try given.word("lease")])
    },
    MCPTool(
      name: "start", title: "Start a container", effect: .changes, description: "Starts a stopped container.",
      fields: [lease]
    ) { given throws(Complaint) in Line(words: ["start", try given.word("lease")]) },
    MCPTool(
      name: "stop", title: "Stop a container", effect: .changes,
      description: "Stops a container. Its time goes on, and its files stay.", fields: [lease]
    ) { given throws(Complaint) in Line(words: ["stop", try given.word("lease")]) },
  ]

  private static let accounts: [MCPTool] = [
    MCPTool(
      name: "usage", title: "What a lease has used", effect: .looks,
      description: "Shows what a lease has used, meter by meter, and what it was charged.", fields: [lease]
    ) { given throws(Complaint) in Line(words: ["usage", try given.word("lease")]) },
    MCPTool(
      name: "ledger", title: "A lease's money", effect: .looks,
      description: "Shows a lease's money, transfer by transfer.", fields: [lease]
    ) { given throws(Complaint) in Line(words: ["ledger", try given.word("lease")]) },
    MCPTool(
      name: "explain", title: "What happened to a lease", effect: .looks,
      description: "Says what happened to a lease, and why.", fields: [lease]
    ) { given throws(Complaint) in Line(words: ["explain", try given.word("lease")]) },
    MCPTool(
      name: "wallet", title: "Which wallet pays", effect: .looks,
      description: "Says which wallet pays, and whether it answers."
    ) { _ throws(Complaint) in Line(words: ["wallet"]) },
    MCPTool(
      name: "budget", title: "What may be spent", effect: .looks,
      description:
        "Shows what the wallet may spend, and what it has spent in the last 24 hours. It is set by people only."
    ) { _ throws(Complaint) in Line(words: ["budget"]) },
    MCPTool(
      name: "recover", title: "Finish broken-off payments", effect: .changes,
      description: "Goes on with payments that were broken off: finds out what became of them. Pays nothing."
    ) { _ throws(Complaint) in Line(words: ["recover"]) },
  ]
}
