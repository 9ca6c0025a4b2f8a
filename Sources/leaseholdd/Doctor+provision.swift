import Drivers
import Engine
import Foundation
import Leasing
import Ledger
import Logging
import Scheduling
import Units

/// What the provider has written, held against what there is.
extension Doctor {
  /// Nothing is made: a path that was mistyped shall not bring a second set of keys into the world.
  ///
  /// - Parameter leases: how many leases the database knows; `nil`: it could not be asked.
  static func stateFolder(_ configuration: Configuration, leases: Int64?) throws -> String {
    let folder = configuration.stateDirectory
    guard !FileManager.default.fileExists(atPath: folder + "/master.keys") else { return folder }
    guard let leases, leases > 0 else { return "\(folder) has no keys yet; the first start makes them" }
    throw Complaint(
      "there are no keys in \(folder), and the database knows \(leases) leases: is state_directory right? If the keys "
        + "are lost, bring master.keys back from the backup; without them no credential opens anything")
  }

  /// What could not be made for those who had paid for it, in the last day. A command that cannot start may be the
  /// renter's own fault and makes nothing red.
  static func purchases(_ failures: [ProvisionFailures]) throws -> String {
    guard !failures.isEmpty else { return "each could be made in the last day" }
    let words = failures.map { failure in
      "\(failure.offer): \(failure.count) failed, \(failure.fault.words)"
        + (failure.lastDetail.map { " (\($0))" } ?? "")
        + ", last at \(Instant(unixSeconds: failure.lastAt.unixSeconds).rfc3339)"
    }.joined(separator: "; ")
    guard failures.allSatisfy({ $0.fault == .cannotStart }) else { throw Complaint(words) }
    return words
  }

  /// What containers' way into the world stands on.
  static func networks(
    _ configuration: Configuration, _ compute: Configuration.Compute, _ clock: SystemClock, _ log: Logger
  ) async throws -> String {
    guard FileManager.default.fileExists(atPath: configuration.stateDirectory + "/master.keys") else {
      return "tried once the first start has made the state folder"
    }
    var options = ComputeDriver.Options()
    options.runtime = compute.runtime
    options.network = compute.network
    let driver = try ComputeDriver(
      stateDirectory: configuration.stateDirectory, clock: clock, options: options, log: log)
    try await driver.cables.prove()
    let names = compute.network.resolvers.map(\.description).joined(separator: ", ")
    return "\(compute.network.range) for leases, names by \(names); the packet filter takes our rules"
  }

  static func overrides(_ configuration: Configuration) throws -> String {
    guard configuration.unknownOverrides.isEmpty else {
      throw Complaint(
        "nothing asks for \(configuration.unknownOverrides.joined(separator: ", ")): misspelt? An override is LEASEHOLD_ "
          + "and the path of a value, LEASEHOLD_HTTP_ADDRESS")
    }
    return "none is misspelt"
  }

  /// An offer that is larger than what is rented out of is never sold.
  static func offers(_ configuration: Configuration) throws -> String {
    let hosts = configuration.catalog.hosts
    let faults = configuration.offers.compactMap { offer -> String? in
      let wanted = offer.terms.resources
      let limits = hosts.filter { $0.kind == offer.terms.kind }.map(\.limit)
      guard !limits.contains(where: { $0.holds(wanted) }), let limit = limits.first else { return nil }
      let short = wanted.dimensions.filter { dimension in
        limit.dimensions.first { $0.name == dimension.name }.map { $0.amount < dimension.amount } ?? true
      }
      let words = short.map { dimension in
        let there = limit.dimensions.first { $0.name == dimension.name }?.amount ?? 0
        return "\(dimension.name) \(dimension.amount) of \(there)"
      }
      return "\(offer.id) (\(words.joined(separator: ", ")))"
    }
    guard faults.isEmpty else {
      throw Complaint("never sold, for they are larger than the host's capacity: \(faults.joined(separator: "; "))")
    }
    return "\(configuration.offers.count), each fits"
  }

  /// Whether what is promised fits on the file systems it lies on.
  static func room(_ configuration: Configuration) throws -> String {
    var words: [String] = []
    for host in configuration.hosts {
      if let disk = host.disk, let room = FileSystemRoom(of: disk.pool), !HostFileSystem.isBtrfs(disk.pool) {
        let taken = allocated(below: disk.pool)
        let needed = disk.size.count - taken
        guard needed <= room.free else {
          throw Complaint(
            "the disks' pool may grow by \(mebibytes(needed)), and \(disk.pool) has \(mebibytes(room.free)) free: make "
              + "hosts.disk.size smaller, or room")
        }
        words.append("pool \(mebibytes(disk.size.count))")
      }
      if let compute = host.compute, let room = FileSystemRoom(of: configuration.stateDirectory) {
        let wanted = compute.capacity.disk.count
        guard wanted <= room.size else {
          throw Complaint(
            "hosts.compute.disk_bytes is \(mebibytes(wanted)), and the file system of \(configuration.stateDirectory) "
              + "has \(mebibytes(room.size)) in all")
        }
        words.append("containers \(mebibytes(wanted))")
      }
    }
    return words.isEmpty ? "nothing to keep" : words.joined(separator: ", ")
  }

  private static func mebibytes(_ bytes: Int64) -> String { "\(bytes >> 20) MiB" }

  /// Blocks that the files of a folder have: a pool is one sparse file, or a folder of them.
  private static func allocated(below folder: String) -> Int64 {
    // A pool that is not there has nothing.
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.reduce(0) { sum, name in
      var status = stat()
      guard lstat(folder + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return sum }
      return sum + Int64(status.st_blocks) * 512
    }
  }

  /// Reads every file of every image.
  static func images(_ configuration: Configuration) async throws -> String {
    for image in configuration.images {
      try ImageCheck.structure(of: image)
      let found = try await ImageCheck.digest(of: image)
      guard found == image.digest else {
        throw Complaint(
          "\(image.name): image.json says \(image.digest), its files are \(found). Was something changed in it? Renters "
            + "are promised the digest: put the files back, or write the new digest under a new name")
      }
    }
    return "\(configuration.images.count), each has its digest"
  }
}

extension Resources.Dimension {
  /// As the provider writes it.
  fileprivate var configured: String {
    switch self {
    case .disk: "disk_bytes"
    case .cpu: "cpu_millis"
    case .memory: "memory_bytes"
    case .pids: "pids"
    }
  }
}

extension Resources {
  fileprivate var dimensions: [(name: String, amount: Int64)] {
    Resources.Dimension.allCases.map { ($0.configured, need($0)) }
  }

  fileprivate func holds(_ other: Resources) -> Bool {
    zip(dimensions, other.dimensions).allSatisfy { $0.amount >= $1.amount }
  }
}
