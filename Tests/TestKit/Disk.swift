import Engine
import Foundation
import Glibc

/// A volume for one test: a folder of its own, gone at the end.
public final class Disk: Sendable {
  public let root: String
  private let mounted: Bool

  /// - Parameter size: makes it a tmpfs of so many bytes; needs to be root.
  public init(size: Int? = nil) throws {
    root = NSTemporaryDirectory() + "leasehold-disk-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    mounted = size != nil
    if let size, mount("tmpfs", root, "tmpfs", 0, "size=\(size),mode=0755") != 0 {
      throw POSIXError(.init(rawValue: errno) ?? .EPERM)
    }
  }

  deinit {
    if mounted { umount2(root, CInt(MNT_DETACH)) }
    try? FileManager.default.removeItem(atPath: root)
  }

  public var volume: Volume { Volume(root: root, uid: geteuid(), gid: getegid()) }

  public func path(_ name: String) -> String { root + "/" + name }

  public func write(_ text: String, to name: String) throws {
    // Foundation's own way flushes each file to the disk, which is most of a test's time.
    let file = open(path(name), O_CREAT | O_TRUNC | O_WRONLY, 0o644)
    guard file >= 0 else { throw POSIXError(.init(rawValue: errno) ?? .EIO) }
    defer { close(file) }
    var text = text
    let written = text.withUTF8 { Glibc.write(file, $0.baseAddress, $0.count) }
    guard written == text.utf8.count else { throw POSIXError(.ENOSPC) }
  }

  /// `nil` when there is no such file.
  public func read(_ name: String) -> String? {
    FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
  }

  public func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
  }

  /// All names in it, hidden ones too, at any depth.
  public var names: [String] { (FileManager.default.subpaths(atPath: root) ?? []).sorted() }
}
