import Engine
import FoundationEssentials
import Glibc
import Leasing
import Units

/// What is remembered of a container beside it: enough to repair, restart or remove it after any crash.
struct ContainerRecord: Codable, Sendable {
  enum Stage: String, Codable, Sendable {
    /// Being made: whatever is there is worth nothing and is made again.
    case making
    case made
    /// Being destroyed: nothing may bring it back.
    case destroying
  }

  /// The mark of ownership.
  var owner = Self.mark
  var spec: ResourceSpec
  var stage: Stage
  /// Rises before the counters' control group is made anew.
  var incarnation: Int64
  /// The renter wants it to run: cleared by `stop`, set by `start`.
  var wanted: Bool
  var suspended: Bool
  /// The disk that what was started last may see. Written before it is started, and cleared when all of it has ended.
  var sees: AttachedDisk?
  /// Its place in the network, from the first start with one on.
  var cable: Cable?
  /// How often its policy has started it again, and when it does next; `nil`: it has none.
  var restarts: Restarts?

  static let mark = "leasehold"

  /// The veth pair that leads to the host.
  struct Cable: Codable, Hashable, Sendable {
    /// Rises before it is laid anew, since its counters begin anew with it.
    var incarnation: Int64
    /// The container's address on it.
    var address: String
    /// It was laid to its end.
    var isWhole: Bool
  }

  /// What ended by itself is started again under it.
  var restartPolicy: RestartPolicy { spec.restart ?? .never }

  mutating func noteStart(at now: Instant) {
    var restarts = restarts ?? Restarts()
    restarts.started(at: now)
    self.restarts = restarts
  }

  static func read(_ path: String) throws(DriverError) -> ContainerRecord? {
    guard let text = try HostFile.text(path) else { return nil }
    do {
      let record = try JSONDecoder().decode(ContainerRecord.self, from: Data(text.utf8))
      if record.owner == mark { return record }
    } catch {
      throw DriverError(.failed, attempted: "read \(path)", words: "\(error)")
    }
    throw DriverError(.failed, attempted: "read \(path)", words: "it is not ours")
  }

  /// For one that is worth nothing after a power cut: what it speaks of is cleared then anyway.
  func note(_ path: String) throws(DriverError) {
    let file = try Descriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC)
    try HostFile.write(Array(JSONText.of(self).utf8), to: file.number, named: path)
  }

  /// Returns when it would survive a power cut.
  func write(_ path: String) async throws(DriverError) {
    let text = try JSONText.of(self)
    try await BlockingWork.run { () throws(DriverError) in try HostFile.replace(path, with: text) }
  }
}

enum JSONText {
  static func of(_ value: some Encodable) throws(DriverError) -> String {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys]
      return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch {
      throw DriverError(.failed, attempted: "write JSON", words: "\(error)")
    }
  }
}
