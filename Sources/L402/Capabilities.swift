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

  private static let names: [(Capabilities, StaticString)] = [
    (.read, "read"), (.write, "write"), (.exec, "exec"), (.control, "control"), (.pay, "pay"), (.refund, "refund"),
  ]

  // All sixty-four, so that minting joins nothing.
  private static let lists: [String] = (0...all.rawValue).map { rawValue in
    names.filter { Capabilities(rawValue: rawValue).contains($0.0) }.map { "\($0.1)" }.joined(separator: ",")
  }

  /// The canonical list: names in the order above, separated by commas.
  public var list: String { Capabilities.lists[Int(intersection(.all).rawValue)] }

  /// Reads a comma-separated list in any order; empty text is the empty set. Nil when a name is unknown or empty.
  public init?(list: some StringProtocol) {
    var list = String(list)
    guard let read = list.withUTF8({ Capabilities(listBytes: $0) }) else { return nil }
    self = read
  }

  init?(listBytes bytes: UnsafeBufferPointer<UInt8>) {
    var found: Capabilities = []
    var start = 0
    while start < bytes.count {
      guard let (capability, length) = Capabilities.name(in: bytes, at: start) else { return nil }
      found.insert(capability)
      start += length
      guard start < bytes.count else { break }
      // Behind a comma there is a name.
      guard bytes[start] == UInt8(ascii: ","), start + 1 < bytes.count else { return nil }
      start += 1
    }
    self = found
  }

  /// The name that stands there. Told by its first letter, for this is read with every request.
  private static func name(in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> (Capabilities, length: Int)? {
    switch bytes[start] {
    case UInt8(ascii: "w"): bytes.stands("write", at: start) ? (.write, 5) : nil
    case UInt8(ascii: "e"): bytes.stands("exec", at: start) ? (.exec, 4) : nil
    case UInt8(ascii: "c"): bytes.stands("control", at: start) ? (.control, 7) : nil
    case UInt8(ascii: "p"): bytes.stands("pay", at: start) ? (.pay, 3) : nil
    default: bytes.stands("read", at: start) ? (.read, 4) : bytes.stands("refund", at: start) ? (.refund, 6) : nil
    }
  }

  public var description: String { list }
}
