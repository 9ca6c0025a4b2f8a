import Foundation
import TestKit

/// What the targets of a package manifest depend on, as `swift package dump-package` tells it.
struct PackageArrows {
  struct Target: Equatable {
    var name: String
    var isTest: Bool
    var dependencies: Set<String>
  }

  struct Unreadable: Error { var what: String }

  var targets: [Target]

  init(targets: [Target]) { self.targets = targets }

  init(dump: Data) throws {
    guard let manifest = try JSONSerialization.jsonObject(with: dump) as? [String: Any],
      let targets = manifest["targets"] as? [[String: Any]]
    else { throw Unreadable(what: "the manifest has no targets") }
    self.targets = try targets.map { target in
      guard let name = target["name"] as? String, let type = target["type"] as? String,
        let dependencies = target["dependencies"] as? [[String: Any]]
      else { throw Unreadable(what: "a target without name, type or dependencies") }
      // Each dependency is {"byName" | "product" | "target": [name, …]}.
      let names = try dependencies.map { dependency in
        guard let name = (dependency.values.first as? [Any])?.first as? String
        else { throw Unreadable(what: "a dependency of \(name)") }
        return name
      }
      return Target(name: name, isTest: type == "test", dependencies: Set(names))
    }
  }

  /// Runs the package manager on the repository, in a scratch folder of its own: ours is locked by the test run.
  static func read(_ repository: Repository) throws -> PackageArrows {
    let scratch = FileManager.default.temporaryDirectory.appendingPathComponent("tidy-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: scratch) }  // a temporary folder; nothing depends on it
    let package = Process()
    package.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    package.arguments = [
      "swift", "package", "--package-path", repository.root.path, "--scratch-path", scratch.path, "dump-package",
    ]
    let output = Pipe()
    package.standardOutput = output
    try package.start()
    let dump = try output.fileHandleForReading.readToEnd() ?? Data()
    package.waitUntilExit()
    guard package.terminationStatus == 0 else { throw Unreadable(what: "swift package dump-package failed") }
    return try PackageArrows(dump: dump)
  }

  /// Arrows that the manifest has and the table has not, and the other way round.
  func disagreements(with table: RoomTable) -> [String] {
    let furnished = Set(targets.map(\.name))
    return targets.filter { !$0.isTest }.flatMap { target -> [String] in
      guard let room = table[target.name] else { return ["\(target.name) is not in the table of rooms"] }
      let allowed = table.reachable(from: room).union(room.products)
      let wanted = room.arrows.intersection(furnished).union(room.products)
      return target.dependencies.subtracting(allowed).sorted().map { "\(target.name) must not depend on \($0)" }
        + wanted.subtracting(target.dependencies).sorted().map {
          "\(target.name) does not depend on \($0): mend the table"
        }
    }
  }
}
