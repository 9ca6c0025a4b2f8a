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
    self.init(listBytes: Array(list.utf8)[...])
  }

  init?(listBytes bytes: ArraySlice<UInt8>) {
    let read = bytes.withUnsafeBufferPointer { bytes -> Capabilities? in
      var found: Capabilities = []
      var start = 0
      while start < bytes.count {
        guard
          let (capability, name) = Capabilities.names.first(where: { Capabilities.stands($0.1, in: bytes, at: start) })
        else { return nil }
        found.insert(capability)
        start += name.utf8CodeUnitCount + 1
      }
      // Had the text ended in a comma, a name would be missing after it.
      return start == bytes.count ? (bytes.isEmpty ? found : nil) : found
    }
    guard let read else { return nil }
    self = read
  }

  /// Whether a name, and then a comma or nothing, is what stands there.
  private static func stands(_ name: StaticString, in bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Bool {
    let end = start + name.utf8CodeUnitCount
    guard end <= bytes.count, end == bytes.count || bytes[end] == UInt8(ascii: ",") else { return false }
    return (start..<end).allSatisfy { bytes[$0] == name.utf8Start[$0 - start] }
  }

  public var description: String { list }
}
