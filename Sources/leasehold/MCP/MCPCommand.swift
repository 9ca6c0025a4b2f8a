import ArgumentParser
import Foundation

struct MCPCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mcp", abstract: "Let a language model rent: a Model Context Protocol server.",
    discussion: """
      Speaks on standard input and output; a client of the protocol starts it. Its tools are the commands of this program, \
      run as you. What spends is bounded three times: by the max_sats of each call, by --max-sats here, and by the budget \
      ('leasehold budget', which a model can look at and not change). Credentials are shown to no model. In a client's \
      configuration:

        {"mcpServers": {"leasehold": {"command": "leasehold", "args": ["mcp", "--max-sats", "500"]}}}

      Left to people: pay, refund, autopay, mount, forget, credential, token and admin.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var source: WalletOptions
  @Option(help: ArgumentHelp("No call may spend more than this, in sat.", valueName: "sat")) var maxSats: Int64?
  @Flag(help: "Only tools that look.") var readOnly = false

  func validate() throws { try Satoshis.check(maxSats, "--max-sats") }

  func run() async throws {
    // A mistake in what it is started with is told at the start, and not by each call.
    _ = try options.configuration()
    _ = try options.openState()
    let tools = MCPTool.all.filter { !readOnly || $0.effect == .looks }
    let (common, wallet) = (commonOptions, source.kind.map { ["--wallet=\($0.rawValue)"] } ?? [])
    let server = MCPServer(
      tools: tools, most: maxSats,
      run: { tool, line in
        await MCPRun(options: common + (tool.opensWallet ? wallet : [])).answer(tool, line)
      },
      send: { Terminal.write($0 + [UInt8(ascii: "\n")], to: 1) })
    let lines = InputLines(0)
    while let line = await lines.next() {
      switch line {
      case .bytes(let bytes): await server.take(bytes)
      case .tooLong: await server.take(nil)
      }
    }
    await server.end()
  }

  /// As they were given, for each run.
  private var commonOptions: [String] {
    [
      ("server", options.server), ("state-directory", options.stateDirectory), ("config", options.config),
      ("ca-file", options.caFile),
    ]
    .compactMap { name, value in value.map { "--\(name)=\($0)" } }
  }
}

extension MCPTool {
  /// Whether its command has the options that say which wallet pays.
  fileprivate var opensWallet: Bool { effect == .spends || ["wallet", "budget", "recover"].contains(name) }
}
