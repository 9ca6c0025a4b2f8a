import Macaroons

/// A macaroon's identifier as the L402 specification has it: version 0 (two bytes, big-endian), payment hash,
/// token id; 66 bytes, no more and no fewer.
public struct Identifier: Hashable, Sendable {
  public static let byteCount = 66

  public let paymentHash: PaymentHash
  public let token: TokenID

  public init(paymentHash: PaymentHash, token: TokenID) {
    self.paymentHash = paymentHash
    self.token = token
  }

  /// Reads one; nil when the length is not 66 or the version not 0.
  public init?(_ bytes: ArraySlice<UInt8>) {
    guard bytes.count == Identifier.byteCount else { return nil }
    let fields = bytes.withUnsafeBytes { buffer -> (PaymentHash, TokenID)? in
      guard buffer[0] == 0, buffer[1] == 0 else { return nil }
      return (
        PaymentHash(Bytes32(copying: UnsafeRawBufferPointer(rebasing: buffer[2..<34]))),
        TokenID(Bytes32(copying: UnsafeRawBufferPointer(rebasing: buffer[34..<66])))
      )
    }
    guard let fields else { return nil }
    (paymentHash, token) = fields
  }

  /// The 66 bytes.
  public var bytes: [UInt8] {
    var bytes: [UInt8] = [0, 0]
    bytes.reserveCapacity(Identifier.byteCount)
    paymentHash.bytes.withUnsafeBytes { bytes.append(contentsOf: $0) }
    token.bytes.withUnsafeBytes { bytes.append(contentsOf: $0) }
    return bytes
  }
}
