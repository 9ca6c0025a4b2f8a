import Foundation

/// `leasehold-bench --database URL (--migrate | --directory DIR [--json FILE] [--quick] [NAME…])`: see `scripts/bench`.
@main
struct Main {
  static func main() async {
    do {
      try await run()
    } catch {
      FileHandle.standardError.write(Data("leasehold-bench: \(error)\n".utf8))
      exit(1)
    }
  }

  /// Unbuffered: a long run shows each figure as it comes, also into a file.
  private static func say(_ line: String) {
    FileHandle.standardOutput.write(Data((line + "\n").utf8))
  }

  private static func run() async throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let quick = arguments.firstIndex(of: "--quick").map { arguments.remove(at: $0) } != nil
    func value(_ name: String) -> String? {
      guard let index = arguments.firstIndex(of: name), index + 1 < arguments.count else { return nil }
      defer { arguments.removeSubrange(index...(index + 1)) }
      return arguments[index + 1]
    }
    let needed = BenchFault("--database URL and --directory DIR are needed; scripts/bench gives them")
    guard let database = value("--database") else { throw needed }
    if arguments == ["--migrate"] { return try await World(database: database, directory: "", quick: true).migrate() }
    guard let directory = value("--directory") else { throw needed }
    let json = value("--json")
    let world = World(database: database, directory: directory, quick: quick)
    let all: [(name: String, measure: (World) async throws -> [Figure])] = [
      ("verify", Verifying.measure), ("timer", Lateness.measure), ("reads", Reads.measure), ("http", Doors.measure),
      ("leases", DueLeases.measure), ("letters", Letters.measure),
    ]
    let unknown = arguments.filter { name in !all.contains { $0.name == name } }
    guard unknown.isEmpty else {
      throw BenchFault("no measurement \(unknown.joined(separator: ", ")); \(all.map(\.name).joined(separator: ", "))")
    }

    var report = Report(conditions: try await world.conditions(), figures: [])
    say(report.heading)
    for (name, measure) in all where arguments.isEmpty || arguments.contains(name) {
      for figure in try await measure(world) {
        report.figures.append(figure)
        say(figure.line)
      }
    }
    if let json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(report).write(to: URL(fileURLWithPath: json))
    }
  }
}

/// Why there is no figure.
struct BenchFault: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
