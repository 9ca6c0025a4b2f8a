import COpenSSL

/// Thirty-two bytes held inline: a digest, a signature, a key. No heap, and as cheap to hash as four words.
public struct Bytes32: Hashable, Sendable {
  // Memory order, so that the bytes of the words, one after the other, are the bytes.
  private var words: (UInt64, UInt64, UInt64, UInt64)

  /// How many bytes there are.
  public static let count = 32

  /// All zero.
  public static let zero = Bytes32()

  private init() {
    words = (0, 0, 0, 0)
  }

  /// Writes the bytes in place. The buffer is 32 bytes long and zero at first.
  public init(initializingWith body: (UnsafeMutableRawBufferPointer) -> Void) {
    words = (0, 0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &words, body)
  }

  /// Copies exactly 32 bytes; nil for any other number.
  public init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == Bytes32.count else { return nil }
    words = (0, 0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
  }

  /// Copies the 32 bytes at the head of `bytes`.
  ///
  /// - Precondition: there are at least 32.
  public init(copying bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count >= Bytes32.count, "thirty-two bytes are needed")
    words = (0, 0, 0, 0)
    Swift.withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<32])) }
  }

  /// Exactly 64 hexadecimal digits, in either case; nil for anything else.
  public init?(hex: some StringProtocol) {
    var text = String(hex)
    guard let value = text.withUTF8({ Bytes32(hexDigits: $0) }) else { return nil }
    self = value
  }

  /// Exactly 64 ASCII hexadecimal digits, in either case; nil for anything else.
  public init?(hexDigits digits: UnsafeBufferPointer<UInt8>) {
    words = (0, 0, 0, 0)
    let complete = Swift.withUnsafeMutableBytes(of: &words) { Hex.decode(digits, into: $0) }
    guard complete else { return nil }
  }

  /// Exactly 64 ASCII hexadecimal digits, in either case; nil for anything else.
  public init?(hexDigits digits: some Collection<UInt8>) {
    guard let value = Array(digits).withUnsafeBufferPointer({ Bytes32(hexDigits: $0) }) else { return nil }
    self = value
  }

  /// From the cryptographic generator.
  public static func random() -> Bytes32 {
    Bytes32 { buffer in
      let filled = leasehold_random(buffer.baseAddress, buffer.count)
      precondition(filled == 1, "the system has no randomness to give")
    }
  }

  /// SHA-256 of `bytes`.
  public static func sha256(_ bytes: UnsafeRawBufferPointer) -> Bytes32 {
    Bytes32 { leasehold_sha256(bytes.baseAddress, bytes.count, $0.baseAddress) }
  }

  /// SHA-256 of these bytes.
  public var sha256: Bytes32 {
    withUnsafeBytes { Bytes32.sha256($0) }
  }

  /// Lends the bytes.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    Swift.withUnsafeBytes(of: words, body)
  }

  /// Lends the bytes for writing.
  mutating func withUnsafeMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) -> Result) -> Result {
    Swift.withUnsafeMutableBytes(of: &words, body)
  }

  /// The bytes, copied out.
  public var array: [UInt8] { withUnsafeBytes { Array($0) } }

  /// 64 lower-case digits.
  public var hex: String { withUnsafeBytes { Hex.encode($0) } }

  /// Whether the bytes are the same, in a time that does not tell where they differ. `==` gives no such promise.
  public func equalsInConstantTime(_ other: Bytes32) -> Bool {
    withUnsafeBytes { a in
      other.withUnsafeBytes { b in leasehold_equal(a.baseAddress, b.baseAddress, Bytes32.count) == 1 }
    }
  }

  public static func == (a: Bytes32, b: Bytes32) -> Bool { a.words == b.words }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(words.0)
    hasher.combine(words.1)
    hasher.combine(words.2)
    hasher.combine(words.3)
  }
}
