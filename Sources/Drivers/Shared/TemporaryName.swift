/// Names for what is not finished yet. They are random, so that two daemons never meet in one, and can be told from
/// everything else, so that what a killed daemon left behind is swept.
enum TemporaryName {
  private static let mark = ".unfinished-"

  /// A new name in the folder of `path`.
  static func beside(_ path: String) -> String {
    path + mark + String(UInt64.random(in: .min ... .max), radix: 36)
  }

  static func isTemporary(_ name: String) -> Bool {
    name.contains(mark)
  }
}
