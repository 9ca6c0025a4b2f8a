import BOLT11
import Engine
import Glibc
import Macaroons

extension StateDirectory {
  private static let keyFile = "node.key"

  /// The node's key: 64 hexadecimal digits in a file of mode 0600, made at the first start.
  ///
  /// - Throws: `.refused` when others may read the file, `.garbage` when it holds no key. A bad key is never replaced.
  func nodeKey() throws(NodeError) -> NodeKey {
    let file = "\(path)/\(Self.keyFile)"
    guard exists(Self.keyFile) else {
      let key = NodeKey.random()
      let digits = key.withSecretBytes { Hex.encode($0) }
      _ = try replace(Self.keyFile, with: Array("\(digits)\n".utf8))
      try synchronize()
      return key
    }
    let descriptor = try FileDescriptor(opening: file, O_RDONLY)
    var status = stat()
    _ = try FileDescriptor.retrying("fstat \(file)") { fstat(descriptor.number, &status) }
    guard status.st_mode & 0o077 == 0 else {
      throw NodeError(.refused, attempted: "read \(file)", words: "others may read it; it must have mode 0600")
    }
    var digits = try descriptor.readAll()
    if digits.last == UInt8(ascii: "\n") { digits.removeLast() }
    guard let secret = Bytes32(hexDigits: digits) else {
      throw NodeError(.garbage, attempted: "read \(file)", words: "it is not 64 hexadecimal digits")
    }
    do {
      return try NodeKey(bytes: secret.array)
    } catch {
      throw NodeError(.garbage, attempted: "read \(file)", words: "it is no key of the curve")
    }
  }
}
