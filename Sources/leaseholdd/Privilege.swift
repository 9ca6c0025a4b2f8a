import Foundation

/// What the kernel lets this process do.
enum Privilege {
  private static let systemAdministration: UInt64 = 21

  /// `CAP_SYS_ADMIN` (capabilities(7)), by the kernel's own word.
  static var mayAdministrate: Bool {
    guard let status = FileManager.default.contents(atPath: "/proc/self/status") else { return geteuid() == 0 }
    for line in String(decoding: status, as: UTF8.self).split(separator: "\n") where line.hasPrefix("CapEff:") {
      let digits = line.dropFirst("CapEff:".count).drop { $0 == " " || $0 == "\t" }
      return UInt64(digits, radix: 16).map { $0 & (1 << systemAdministration) != 0 } ?? false
    }
    return false
  }
}
