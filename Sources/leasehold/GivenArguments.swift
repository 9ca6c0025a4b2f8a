import ArgumentParser

/// What was typed behind the program's name, with the options of every command moved behind the command: they may stand
/// before it too, as in `leasehold --server https://rent.example list`.
struct GivenArguments {
  let arguments: [String]

  private static let valued: Set<String> = ["--server", "--state-directory", "--config", "--ca-file"]
  private static let flags: Set<String> = ["--json", "--wide", "--quiet", "-q"]

  init(_ typed: [String], for root: any ParsableCommand.Type) {
    var leading: [String] = []
    var rest = typed[...]
    while let first = rest.first {
      if Self.flags.contains(first) || Self.valued.contains(where: { first.hasPrefix($0 + "=") }) {
        leading.append(rest.removeFirst())
      } else if Self.valued.contains(first), rest.count > 1 {
        leading += [rest.removeFirst(), rest.removeFirst()]
      } else {
        break
      }
    }
    var commands: [String] = []
    var command = root
    while let name = rest.first, let next = command.configuration.subcommands.first(where: { $0.isCalled(name) }) {
      commands.append(rest.removeFirst())
      command = next
    }
    arguments = commands.isEmpty ? typed : commands + leading + rest
  }

  /// What stands behind `--` is another program's.
  private var ours: ArraySlice<String> { arguments.prefix { $0 != "--" } }

  var isJSON: Bool { ours.contains("--json") }
  var isWide: Bool { ours.contains("--wide") }
}

extension ParsableCommand {
  fileprivate static func isCalled(_ name: String) -> Bool {
    configuration.commandName == name || configuration.aliases.contains(name)
  }
}
