import Macaroons

/// What conditions allow, each as its last caveat has it. Nil where none bounds.
struct Bounds: Sendable {
  var tier: Int?
  var capabilities: Capabilities?
  var lease: ArraySlice<UInt8>?
  var validUntil: Int64?
  var variant: ArraySlice<UInt8>?
  var path: ResourcePath?
  var methods: [String]?
  var sources: [AddressRange]?
  var maxMsat: Int64?
  var ports: [UInt16]?

  /// Takes a caveat in, which must allow no more than those before it. Returns its condition, or nil when it
  /// restricts nothing.
  ///
  /// - Parameters:
  ///   - range: where the caveat lies in the wire bytes.
  ///   - wire: these, as they are kept and as they are read.
  @discardableResult
  mutating func read(
    _ range: Range<Int>, of wire: [UInt8], _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(CredentialRefusal) -> Condition? {
    switch Condition.read(UnsafeBufferPointer(rebasing: bytes[range])) {
    case .preimage: return nil
    case .unknown: throw .unknownCaveat
    case .ours(let condition, let value):
      return try take(condition, nil, range.lowerBound + value..<range.upperBound, of: wire, bytes)
    case .theirs(let spelling, let value):
      return try take(
        spelling.condition, spelling, range.lowerBound + value..<range.upperBound, of: wire, bytes)
    }
  }

  private mutating func take(
    _ condition: Condition, _ spelling: Condition.Spelling?, _ range: Range<Int>, of wire: [UInt8],
    _ bytes: UnsafeBufferPointer<UInt8>
  ) throws(CredentialRefusal) -> Condition {
    guard try narrow(condition, spelling, range, of: wire, UnsafeBufferPointer(rebasing: bytes[range])) else {
      throw .widened(condition)
    }
    return condition
  }

  /// In our units.
  private static func number(
    _ value: UnsafeBufferPointer<UInt8>, _ condition: Condition, _ spelling: Condition.Spelling?
  ) throws(CredentialRefusal) -> Int64 {
    let number = try number(value, condition)
    guard let spelling else { return number }
    guard let ours = spelling.inOurs(number) else { throw .malformedCaveat(condition) }
    return ours
  }

  /// False when it allows more than what came before.
  private mutating func narrow(
    _ condition: Condition, _ spelling: Condition.Spelling?, _ range: Range<Int>, of wire: [UInt8],
    _ value: UnsafeBufferPointer<UInt8>
  ) throws(CredentialRefusal) -> Bool {
    switch condition {
    case .services:
      let tier = try Bounds.tier(value)
      guard self.tier.map({ tier <= $0 }) ?? true else { return false }
      self.tier = tier
    case .capabilities:
      // A name nobody knows is not among those that were granted.
      guard let list = Capabilities(listBytes: value), list.isSubset(of: capabilities ?? .all) else { return false }
      capabilities = list
    case .lease:
      guard !value.isEmpty, lease.map({ $0.elementsEqual(value) }) ?? true else { return false }
      lease = wire[range]
    case .validUntil:
      let bound = try Bounds.number(value, condition, spelling)
      guard validUntil.map({ bound <= $0 }) ?? true else { return false }
      validUntil = bound
    case .variant:
      try Bounds.checkVariant(value)
      guard variant.map({ $0.elementsEqual(value) }) ?? true else { return false }
      variant = wire[range]
    case .path:
      let path = try Bounds.path(wire[range])
      guard self.path?.contains(path) ?? true else { return false }
      self.path = path
    case .method:
      let methods = try Bounds.methods(wire[range])
      guard self.methods.map({ Set(methods).isSubset(of: $0) }) ?? true else { return false }
      self.methods = methods
    case .source:
      let ranges = try Bounds.ranges(wire[range])
      let within = sources.map { wider in ranges.allSatisfy { range in wider.contains { $0.contains(range) } } }
      guard within ?? true else { return false }
      sources = ranges
    case .maxMsat:
      let bound = try Bounds.number(value, condition, spelling)
      guard maxMsat.map({ bound <= $0 }) ?? true else { return false }
      maxMsat = bound
    case .port:
      let ports = try Bounds.ports(value)
      guard self.ports.map({ Set(ports).isSubset(of: $0) }) ?? true else { return false }
      self.ports = ports
    }
    return true
  }

  /// Keeps what both allow. Returns the condition that no request could meet, if there is one: two leases, two
  /// variants, two paths of which neither lies in the other.
  mutating func intersect(_ other: Bounds) -> Condition? {
    if let lease = other.lease {
      guard self.lease ?? lease == lease else { return .lease }
      self.lease = lease
    }
    if let variant = other.variant {
      guard self.variant ?? variant == variant else { return .variant }
      self.variant = variant
    }
    if let path = other.path {
      let own = self.path ?? path
      guard own.contains(path) || path.contains(own) else { return .path }
      self.path = own.contains(path) ? path : own
    }
    tier = Bounds.lower(tier, other.tier)
    validUntil = Bounds.lower(validUntil, other.validUntil)
    maxMsat = Bounds.lower(maxMsat, other.maxMsat)
    if let list = other.capabilities { capabilities = list.intersection(capabilities ?? .all) }
    if let methods = other.methods { self.methods = methods.filter(Set(self.methods ?? methods).contains) }
    if let ports = other.ports { self.ports = ports.filter(Set(self.ports ?? ports).contains) }
    if let ranges = other.sources { sources = Bounds.common(sources ?? ranges, ranges) }
    return nil
  }

  private static func lower<Number: Comparable>(_ a: Number?, _ b: Number?) -> Number? {
    guard let a, let b else { return a ?? b }
    return min(a, b)
  }

  /// Two blocks are disjoint, or one lies in the other.
  private static func common(_ some: [AddressRange], _ others: [AddressRange]) -> [AddressRange] {
    some.filter { range in others.contains { $0.contains(range) } }
      + others.filter { range in some.contains { $0.contains(range) && $0 != range } }
  }
}
