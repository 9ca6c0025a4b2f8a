/// What is mounted where, as a process sees it (`proc_pid_mountinfo(5)`).
public struct MountTable: Sendable {
  public struct Entry: Hashable, Sendable {
    public var mountPoint: String
    public var type: String
    public var source: String
    /// Of the mount and of the file system.
    public var options: Set<String>
  }

  public var entries: [Entry]

  public init(parsing text: String) {
    entries = text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      // 36 35 98:0 /root /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw,errors=continue
      guard let dash = fields.firstIndex(of: "-"), fields.count > 5, dash + 3 < fields.count else { return nil }
      return Entry(
        mountPoint: Self.unescape(fields[4]), type: String(fields[dash + 1]), source: Self.unescape(fields[dash + 2]),
        options: Set((fields[5].split(separator: ",") + fields[dash + 3].split(separator: ",")).map(String.init)))
    }
  }

  /// The topmost mount on `path`.
  public func mounted(on path: String) -> Entry? {
    entries.last { $0.mountPoint == path }
  }

  /// The mount that `path` lies in.
  public func containing(_ path: String) -> Entry? {
    entries.enumerated().filter { _, entry in
      entry.mountPoint == "/" || path == entry.mountPoint || path.hasPrefix(entry.mountPoint + "/")
    }.max { ($0.element.mountPoint.utf8.count, $0.offset) < ($1.element.mountPoint.utf8.count, $1.offset) }?.element
  }

  /// Blanks, tabs, line ends and backslashes are written as three octal digits.
  private static func unescape(_ field: Substring) -> String {
    guard field.utf8.contains(UInt8(ascii: "\\")) else { return String(field) }
    var bytes: [UInt8] = []
    var rest = Array(field.utf8)[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(3)
      if byte == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(value)
        rest = rest.dropFirst(3)
      } else {
        bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
