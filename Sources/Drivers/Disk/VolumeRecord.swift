import Engine
import Ledger

/// The mark of ownership beside a volume, and what must be known of it later. It is written last when a volume is made
/// and removed first when one is destroyed: a volume's folder without it is half made or half destroyed.
struct VolumeRecord: Hashable, Sendable {
  /// Bytes the lease may use.
  var limit: Int64
  var uidBase: UInt32
  var suspended: Bool
  /// ext4 only: its file system was stopped under open files, and its device may live as long as they do.
  var severed = false

  private static let word = "leasehold-volume-1"
  private static let name = "volume"

  static func read(in folder: String) throws(DriverError) -> VolumeRecord? {
    guard let text = try HostFile.text("\(folder)/\(name)"), !text.isEmpty else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count >= 4, words[0] == word, let limit = Int64(words[1]), let uidBase = UInt32(words[2]) else {
      throw DriverError(.failed, attempted: "read \(folder)/\(name)", words: "this is no record of ours")
    }
    return VolumeRecord(
      limit: limit, uidBase: uidBase, suspended: words[3] == "suspended",
      severed: words.dropFirst(4).contains("severed")
    )
  }

  func write(in folder: String) throws(DriverError) {
    let state = (suspended ? "suspended" : "running") + (severed ? " severed" : "")
    try HostFile.replace("\(folder)/\(Self.name)", with: "\(Self.word) \(limit) \(uidBase) \(state)\n")
  }

  static func remove(in folder: String) throws(DriverError) {
    try HostFile.removeFile("\(folder)/\(name)")
  }

  static func absent(_ lease: LeaseID, attempted: String) -> DriverError {
    DriverError(.absent, attempted: "\(attempted) \(lease)", words: "there is no such volume on this host")
  }
}
