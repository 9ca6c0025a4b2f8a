import Engine
import Text

extension MountTable {
  /// As this process sees it now.
  static func read() throws(DriverError) -> MountTable {
    MountTable(parsing: try HostFile.text("/proc/self/mountinfo") ?? "")
  }
}
