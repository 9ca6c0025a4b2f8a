import Units

/// What stands before the separator: `ln`, the network and the amount.
struct HumanReadablePart {
  var network: Network
  /// At least one millisatoshi, or `nil` when the payer chooses.
  var amount: Millisatoshi?

  init(network: Network, amount: Millisatoshi?) {
    self.network = network
    self.amount = amount
  }

  init(_ bytes: [UInt8]) throws(BOLT11Error) {
    guard bytes.starts(with: "ln".utf8) else { throw .notAnInvoice }
    let rest = bytes.dropFirst(2)
    let prefix = rest.prefix { !Self.isDigit($0) }
    let name = String(decoding: prefix, as: UTF8.self)
    guard let network = Network(rawValue: name) else { throw .unknownNetwork(name) }
    self.network = network
    let amount = rest.dropFirst(prefix.count)
    self.amount = amount.isEmpty ? nil : try Self.amount(of: amount)
  }

  /// The amount in the largest unit that holds it exactly, which is also the shortest.
  var bytes: [UInt8] {
    var text = "ln" + network.rawValue
    if let count = amount?.count {
      switch count {
      case let count where count.isMultiple(of: Self.bitcoin): text += "\(count / Self.bitcoin)"
      case let count where count.isMultiple(of: Self.milli): text += "\(count / Self.milli)m"
      case let count where count.isMultiple(of: Self.micro): text += "\(count / Self.micro)u"
      case let count where count.isMultiple(of: Self.nano): text += "\(count / Self.nano)n"
      default: text += "\(count)0p"
      }
    }
    return Array(text.utf8)
  }

  private static let bitcoin: Int64 = 100_000_000_000
  private static let milli: Int64 = 100_000_000
  private static let micro: Int64 = 100_000
  private static let nano: Int64 = 100

  private static func isDigit(_ character: UInt8) -> Bool {
    character >= UInt8(ascii: "0") && character <= UInt8(ascii: "9")
  }

  private static func amount(of text: ArraySlice<UInt8>) throws(BOLT11Error) -> Millisatoshi {
    let digits = text.prefix(while: isDigit)
    guard let first = digits.first, first != UInt8(ascii: "0") else { throw .badAmount }
    // In tenths of a millisatoshi, as `p` counts, the largest amount has twenty digits.
    guard digits.count <= 20 else { throw .amountTooLarge }
    let number = digits.reduce(Int128(0)) { $0 * 10 + Int128($1 - UInt8(ascii: "0")) }
    let multiplier = text.dropFirst(digits.count)
    guard multiplier.count <= 1 else { throw .badAmount }
    let count: Int128
    switch multiplier.first {
    case nil: count = number * Int128(bitcoin)
    case UInt8(ascii: "m"): count = number * Int128(milli)
    case UInt8(ascii: "u"): count = number * Int128(micro)
    case UInt8(ascii: "n"): count = number * Int128(nano)
    case UInt8(ascii: "p"):
      guard number.isMultiple(of: 10) else { throw .subMillisatoshiAmount }
      count = number / 10
    default: throw .badMultiplier
    }
    guard let amount = Int64(exactly: count) else { throw .amountTooLarge }
    return Millisatoshi(amount)
  }
}
