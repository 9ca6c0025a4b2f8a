import Units

/// A private way to the payee, from a node the payer can find to the payee's door (field `r`).
public struct RouteHint: Hashable, Sendable {
  /// At least one, at most twelve, in the order a payment takes them.
  public let hops: [Hop]

  /// - Precondition: one to twelve hops, which is what a field holds.
  public init(_ hops: [Hop]) {
    precondition((1...12).contains(hops.count), "a route hint is one to twelve hops")
    self.hops = hops
  }

  /// One channel and what its owner asks for its use.
  public struct Hop: Hashable, Sendable {
    /// The node the channel starts from.
    public let node: NodeID
    /// Block height (24 bits), transaction index (24), output index (16).
    public let shortChannelID: UInt64
    /// Millisatoshis for each payment.
    public let feeBase: UInt32
    /// Millionths of the amount.
    public let feeProportionalMillionths: UInt32
    /// Blocks.
    public let cltvExpiryDelta: UInt16

    public init(
      node: NodeID, shortChannelID: UInt64, feeBase: UInt32, feeProportionalMillionths: UInt32, cltvExpiryDelta: UInt16
    ) {
      self.node = node
      self.shortChannelID = shortChannelID
      self.feeBase = feeBase
      self.feeProportionalMillionths = feeProportionalMillionths
      self.cltvExpiryDelta = cltvExpiryDelta
    }

    static let byteCount = 33 + 8 + 4 + 4 + 2
  }

  init(bytes: [UInt8]) throws(BOLT11Error) {
    guard !bytes.isEmpty, bytes.count.isMultiple(of: Hop.byteCount) else { throw .badRouteHint }
    var hops = [Hop]()
    for start in stride(from: 0, to: bytes.count, by: Hop.byteCount) {
      guard let node = NodeID(bytes: Array(bytes[start..<start + 33])) else { throw .badRouteHint }
      func number<T: FixedWidthInteger>(at offset: Int, as type: T.Type) -> T {
        let first = start + offset
        return bytes[first..<first + T.bitWidth / 8].reduce(0) { $0 << 8 | T($1) }
      }
      hops.append(
        Hop(
          node: node,
          shortChannelID: number(at: 33, as: UInt64.self),
          feeBase: number(at: 41, as: UInt32.self),
          feeProportionalMillionths: number(at: 45, as: UInt32.self),
          cltvExpiryDelta: number(at: 49, as: UInt16.self)))
    }
    self.hops = hops
  }

  var bytes: [UInt8] {
    var bytes = [UInt8]()
    func put(_ number: some FixedWidthInteger) {
      withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
    }
    for hop in hops {
      bytes += hop.node.bytes
      put(hop.shortChannelID)
      put(hop.feeBase)
      put(hop.feeProportionalMillionths)
      put(hop.cltvExpiryDelta)
    }
    return bytes
  }
}
