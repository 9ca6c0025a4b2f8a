import Macaroons

/// What the caveats of a macaroon say, taken together: each condition as its last caveat has it, every one of them no
/// wider than the one before.
struct Terms: Sendable {
  private(set) var mintedTier = 0
  private(set) var tier = 0
  private(set) var mintedCapabilities: Capabilities = []
  private(set) var capabilities: Capabilities = []
  private(set) var lease: ArraySlice<UInt8> = []
  private(set) var mintedValidUntil: Int64 = 0
  /// The holder's first and last own bound: the first must stay within whatever is minted in front of it.
  private(set) var firstHolderValidUntil: Int64?
  private(set) var holderValidUntil: Int64?
  private(set) var path: ResourcePath?
  private(set) var methods: [String]?
  private(set) var sources: [AddressRange]?
  private(set) var maxMsat: Int64?

  /// Reads every first-party caveat, the minted four by their position.
  init(reading macaroon: Macaroon) throws(CredentialRefusal) {
    var position = 0
    for caveat in macaroon.caveats {
      if position < Condition.mintedCount {
        try minted(caveat, at: position)
      } else if !caveat.isThirdParty {
        try later(caveat.identifier)
      }
      position += 1
    }
    guard position >= Condition.mintedCount else { throw .malformed }
  }

  private mutating func minted(_ caveat: Caveat, at position: Int) throws(CredentialRefusal) {
    guard !caveat.isThirdParty, case .ours(let condition, let value) = Condition.read(caveat.identifier) else {
      throw .malformed
    }
    switch (position, condition) {
    case (0, .services):
      mintedTier = try Terms.tier(value)
      tier = mintedTier
    case (1, .capabilities):
      guard let list = Capabilities(listBytes: value) else { throw .malformed }
      mintedCapabilities = list
      capabilities = list
    case (2, .lease):
      guard !value.isEmpty else { throw .malformed }
      lease = value
    case (3, .validUntil):
      mintedValidUntil = try Terms.number(value, .validUntil)
    case (_, .services), (_, .capabilities), (_, .lease), (_, .validUntil), (_, .path), (_, .method), (_, .source),
      (_, .maxMsat):
      throw .malformed
    }
  }

  private mutating func later(_ caveat: ArraySlice<UInt8>) throws(CredentialRefusal) {
    switch Condition.read(caveat) {
    case .foreign: return
    case .unknown: throw .unknownCaveat
    case .ours(let condition, let value):
      guard try narrow(condition, value) else { throw .widened(condition) }
    }
  }

  /// Takes a caveat in; false when it allows more than what came before.
  private mutating func narrow(
    _ condition: Condition, _ value: ArraySlice<UInt8>
  ) throws(CredentialRefusal) -> Bool {
    switch condition {
    case .services:
      let tier = try Terms.tier(value)
      guard tier <= self.tier else { return false }
      self.tier = tier
    case .capabilities:
      // A name nobody knows is not among those that were granted.
      guard let list = Capabilities(listBytes: value), list.isSubset(of: capabilities) else { return false }
      capabilities = list
    case .lease:
      return value == lease
    case .validUntil:
      let bound = try Terms.number(value, condition)
      guard bound <= holderValidUntil ?? mintedValidUntil else { return false }
      firstHolderValidUntil = firstHolderValidUntil ?? bound
      holderValidUntil = bound
    case .path:
      let path = try Terms.path(value)
      guard self.path?.contains(path) ?? true else { return false }
      self.path = path
    case .method:
      let methods = try Terms.methods(value)
      guard self.methods.map({ Set(methods).isSubset(of: $0) }) ?? true else { return false }
      self.methods = methods
    case .source:
      let ranges = try Terms.ranges(value)
      let within = sources.map { wider in ranges.allSatisfy { range in wider.contains { $0.contains(range) } } }
      guard within ?? true else { return false }
      sources = ranges
    case .maxMsat:
      let bound = try Terms.number(value, condition)
      guard maxMsat.map({ bound <= $0 }) ?? true else { return false }
      maxMsat = bound
    }
    return true
  }
}

extension Terms {
  /// `leasehold:<tier>`, and no other service beside it.
  private static func tier(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> Int {
    let name: StaticString = "leasehold:"
    let count = name.utf8CodeUnitCount
    let isOurs = value.withUnsafeBufferPointer { value in
      value.count > count && (0..<count).allSatisfy { value[$0] == name.utf8Start[$0] }
    }
    guard isOurs else { throw .malformedCaveat(.services) }
    return Int(try number(value.dropFirst(count), .services))
  }

  /// Decimal digits in their shortest spelling, up to `Int64.max`.
  private static func number(
    _ digits: ArraySlice<UInt8>, _ condition: Condition
  ) throws(CredentialRefusal) -> Int64 {
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
      throw .malformedCaveat(condition)
    }
    var value: Int64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .malformedCaveat(condition) }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw .malformedCaveat(condition) }
      value = sum
    }
    return value
  }

  private static func path(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> ResourcePath {
    do throws(ResourcePath.Fault) {
      return try ResourcePath(encodedBytes: value)
    } catch {
      throw .malformedCaveat(.path)
    }
  }

  private static func methods(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> [String] {
    var methods: [String] = []
    for name in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let sound = name.allSatisfy { $0 == UInt8(ascii: "-") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
      guard !name.isEmpty, sound else { throw .malformedCaveat(.method) }
      methods.append(String(decoding: name, as: UTF8.self))
    }
    return methods
  }

  private static func ranges(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> [AddressRange] {
    var ranges: [AddressRange] = []
    for text in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let range = AddressRange(String(decoding: text, as: UTF8.self)) else { throw .malformedCaveat(.source) }
      ranges.append(range)
    }
    return ranges
  }
}
