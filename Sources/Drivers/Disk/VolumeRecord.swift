import Engine
import Glibc
import Ledger
import Synchronization

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

  /// A bounded cache of parsed files: doors ask with each request. A record is always replaced by a new file, so that the
  /// same file is the same record.
  private struct Remembered {
    var file: FileStamp
    var record: VolumeRecord
  }

  private static let most = 4_096
  private static let remembered = Mutex<[String: Remembered]>([:])

  static func read(in folder: String) throws(DriverError) -> VolumeRecord? {
    let path = "\(folder)/\(name)"
    guard let stamp = FileStamp(of: path) else { return try parse(path) }
    if let known = remembered.withLock({ $0[path] }), known.file == stamp { return known.record }
    guard let record = try parse(path) else { return nil }
    // Replaced while it was read: it is read again next time.
    guard FileStamp(of: path) == stamp else { return record }
    remembered.withLock { all in
      // Forgetting costs a read.
      if all.count >= most { all = [:] }
      all[path] = Remembered(file: stamp, record: record)
    }
    return record
  }

  /// Which file bears a name, and in what state.
  private struct FileStamp: Hashable {
    private let device: UInt, inode: UInt
    private let size: Int
    private let modified: Int, modifiedPart: Int
    private let changed: Int, changedPart: Int

    init?(of path: String) {
      var status = stat()
      guard stat(path, &status) == 0 else { return nil }
      (device, inode, size) = (status.st_dev, status.st_ino, status.st_size)
      (modified, modifiedPart) = (status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
      (changed, changedPart) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
    }
  }

  private static func parse(_ path: String) throws(DriverError) -> VolumeRecord? {
    guard let text = try HostFile.text(path), !text.isEmpty else { return nil }
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count >= 4, words[0] == word, let limit = Int64(words[1]), let uidBase = UInt32(words[2]) else {
      throw DriverError(.failed, attempted: "read \(path)", words: "this is no record of ours")
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
