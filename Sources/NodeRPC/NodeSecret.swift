import Glibc

/// A macaroon, rune, key or password. Nothing prints it.
public struct NodeSecret: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let text: String

  public init(_ text: String) {
    self.text = text
  }

  /// Never the secret.
  public var description: String { "NodeSecret" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// Why a file holds no secret that may be used.
  public struct Fault: Error, Hashable, Sendable, CustomStringConvertible {
    public var file: String
    public var words: String
    public var description: String { "\(file): \(words)" }
  }

  /// A secret kept as text, white space around it left out.
  ///
  /// - Throws: ``Fault`` when the file cannot be read, others than its owner may read it, or it is empty.
  public static func text(inFile file: String) throws(Fault) -> NodeSecret {
    let bytes = try contents(of: file)
    let text = trimmed(bytes)
    guard !text.isEmpty, text.allSatisfy({ (33...126).contains($0) }) else {
      throw Fault(file: file, words: "holds no secret of printable characters")
    }
    return NodeSecret(String(decoding: text, as: UTF8.self))
  }

  /// A secret that is written as hexadecimal digits: a macaroon. The file may hold the bytes, as LND writes them, or
  /// the digits.
  public static func hexadecimal(inFile file: String) throws(Fault) -> NodeSecret {
    let bytes = try contents(of: file)
    let text = trimmed(bytes)
    if !text.isEmpty, let known = Hex.bytes(String(decoding: text, as: UTF8.self)) {
      return NodeSecret(Hex.text(of: known))
    }
    guard !bytes.isEmpty else { throw Fault(file: file, words: "is empty") }
    return NodeSecret(Hex.text(of: bytes))
  }

  private static func trimmed(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    let isSpace: (UInt8) -> Bool = { $0 == 32 || (9...13).contains($0) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) })
    else { return [] }
    return bytes[first...last]
  }

  /// The mode is that of the file which is read, not of one that may stand in its place a moment later.
  private static func contents(of file: String) throws(Fault) -> [UInt8] {
    let descriptor = open(file, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Fault(file: file, words: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Fault(file: file, words: String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Fault(file: file, words: "is no file") }
    guard status.st_mode & 0o077 == 0 else {
      throw Fault(file: file, words: "others than its owner may read it: chmod 600")
    }
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var length = 0
    while length < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        read(descriptor, $0.baseAddress?.advanced(by: length), $0.count - length)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw Fault(file: file, words: String(cString: strerror(errno))) }
      if count == 0 { return Array(bytes[..<length]) }
      length += count
    }
    throw Fault(file: file, words: "is too long for a secret")
  }
}
