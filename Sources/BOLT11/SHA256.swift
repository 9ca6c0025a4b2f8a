import COpenSSL

/// SHA-256 (FIPS 180-4).
enum SHA256 {
  static func digest(of bytes: [UInt8]) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    leasehold_sha256(bytes, bytes.count, &digest)
    return digest
  }
}
