/// What a credential may be used for.
public struct Capabilities: OptionSet, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: UInt8

  public init(rawValue: UInt8) {
    self.rawValue = rawValue
  }

  /// Read files, and look at the lease.
  public static let read = Capabilities(rawValue: 1 << 0)
  /// Change files.
  public static let write = Capabilities(rawValue: 1 << 1)
  /// Run commands, start and stop.
  public static let exec = Capabilities(rawValue: 1 << 2)
  /// Change, release and lend the lease itself.
  public static let control = Capabilities(rawValue: 1 << 3)
  /// Ask for and pay renewal invoices.
  public static let pay = Capabilities(rawValue: 1 << 4)
  /// Take credit out.
  public static let refund = Capabilities(rawValue: 1 << 5)

  /// What a renter buys.
  public static let all: Capabilities = [.read, .write, .exec, .control, .pay, .refund]

  private static let names: [(Capabilities, String)] = [
    (.read, "read"), (.write, "write"), (.exec, "exec"), (.control, "control"), (.pay, "pay"), (.refund, "refund"),
  ]

  /// The canonical list: names in the order above, separated by commas.
  public var list: String {
    Capabilities.names.filter { contains($0.0) }.map(\.1).joined(separator: ",")
  }

  /// Reads a comma-separated list in any order; empty text is the empty set. Nil when a name is unknown or empty.
  public init?(list: some StringProtocol) {
    self.init(listBytes: list.utf8)
  }

  init?(listBytes bytes: some Collection<UInt8>) {
    self = []
    guard !bytes.isEmpty else { return }
    for name in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let known = Capabilities.names.first(where: { name.elementsEqual($0.1.utf8) }) else { return nil }
      insert(known.0)
    }
  }

  public var description: String { list }
}
