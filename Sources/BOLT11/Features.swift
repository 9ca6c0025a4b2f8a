/// What payer and payee can or must do (BOLT 9). An even bit demands, the odd one beside it offers.
public struct Features: Hashable, Sendable, ExpressibleByArrayLiteral {
  /// Bit numbers, ascending, each once.
  public let bits: [Int]

  /// - Precondition: every bit is in `0..<5115`, which is what a field holds.
  public init(_ bits: some Sequence<Int>) {
    self.bits = Set(bits).sorted()
    precondition(self.bits.allSatisfy { 0 <= $0 && $0 < 1_023 * 5 }, "a feature bit fits the field")
  }

  public init(arrayLiteral elements: Int...) {
    self.init(elements)
  }

  public static let variableLengthOnion = 8
  public static let paymentSecret = 14
  public static let basicMultiPart = 16
  public static let routeBlinding = 24
  public static let attributionData = 36
  public static let paymentMetadata = 48

  /// The bits assigned to invoices by BOLT 9; each also stands for its odd neighbour.
  static let known: Set<Int> = [
    variableLengthOnion, paymentSecret, basicMultiPart, routeBlinding, attributionData, paymentMetadata,
  ]

  /// What every invoice of today demands: onions of variable length, and the payment secret.
  public static let standard: Features = [variableLengthOnion, paymentSecret]

  public func contains(_ bit: Int) -> Bool { bits.contains(bit) }

  /// The first even bit that is not in BOLT 9.
  var unknownDemand: Int? {
    bits.first { $0.isMultiple(of: 2) && !Self.known.contains($0) }
  }

  init(groups: ArraySlice<UInt8>) {
    var bits = [Int]()
    for (position, group) in groups.reversed().enumerated() where group != 0 {
      for bit in 0..<5 where group & (1 << UInt8(bit)) != 0 { bits.append(position * 5 + bit) }
    }
    self.bits = bits
  }

  /// The fewest groups; none when no bit is set.
  var groups: [UInt8] {
    guard let last = bits.last else { return [] }
    var groups = [UInt8](repeating: 0, count: last / 5 + 1)
    for bit in bits { groups[groups.count - 1 - bit / 5] |= 1 << UInt8(bit % 5) }
    return groups
  }
}
