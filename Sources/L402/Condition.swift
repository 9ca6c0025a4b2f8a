import Macaroons

/// The conditions this service reads. The first four are the *minted four*, in their order; the fifth may follow them.
public enum Condition: String, Hashable, Sendable, CaseIterable {
  /// `services=leasehold:<tier>`
  case services
  /// `leasehold_capabilities=read,write`
  case capabilities = "leasehold_capabilities"
  /// `leasehold_lease=<id>`
  case lease = "leasehold_lease"
  /// `leasehold_valid_until=<unix seconds>`: the credential expires when the clock reaches it.
  case validUntil = "leasehold_valid_until"
  /// `leasehold_variant=<name>`: good only for a lease that was sold as this variant of its offer.
  case variant = "leasehold_variant"
  /// `leasehold_path=/photos`: this file or folder and what is beneath it.
  case path = "leasehold_path"
  /// `leasehold_method=GET,HEAD`
  case method = "leasehold_method"
  /// `leasehold_source=203.0.113.0/24,2001:db8::/32`
  case source = "leasehold_source"
  /// `leasehold_max_msat=<msat>`: bounds one invoice.
  case maxMsat = "leasehold_max_msat"

  /// How many caveats every minted credential starts with. A ``variant`` directly behind them is minted as well.
  public static let mintedCount = 4

  static let prefix = "leasehold_"

  /// Whose caveat it is.
  enum Reading: Equatable {
    /// The value begins at the offset.
    case ours(Condition, value: Int)
    /// Has our prefix and is none of the above.
    case unknown
    case foreign
  }

  static func read(_ caveat: [UInt8]) -> Reading {
    caveat.withUnsafeBufferPointer { read($0) }
  }

  /// Reads `condition=value`.
  ///
  /// What only looks like a condition of ours (another case, a space before it) is *unknown*, not foreign: whoever
  /// wrote it meant to restrict something, and to skip it would be to widen.
  static func read(_ caveat: UnsafeBufferPointer<UInt8>) -> Reading {
    if caveat.begins(with: "leasehold_") {
      let name = UnsafeBufferPointer(rebasing: caveat[prefixCount...])
      for (condition, rest) in prefixed where name.begins(with: rest) {
        return .ours(condition, value: prefixCount + rest.utf8CodeUnitCount)
      }
    } else if caveat.begins(with: "services=") {
      return .ours(.services, value: 9)
    }
    return resemblesOurs(caveat) ? .unknown : .foreign
  }

  private static let prefixCount = 10

  private static let prefixed: [(Condition, StaticString)] = [
    (.capabilities, "capabilities="), (.lease, "lease="), (.validUntil, "valid_until="), (.variant, "variant="),
    (.path, "path="), (.method, "method="), (.source, "source="), (.maxMsat, "max_msat="),
  ]

  private static func resemblesOurs(_ caveat: UnsafeBufferPointer<UInt8>) -> Bool {
    let name = caveat.prefix { $0 != UInt8(ascii: "=") }
    let folded = name.lazy.filter { $0 > UInt8(ascii: " ") }.map { byte in
      switch byte {
      case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
      default: byte
      }
    }
    return folded.starts(with: prefix.utf8) || folded.elementsEqual(services.rawValue.utf8)
  }

  /// `condition=value` as a caveat is written.
  public func caveat(_ value: String) -> String {
    rawValue + "=" + value
  }
}

extension UnsafeBufferPointer<UInt8> {
  func begins(with text: StaticString) -> Bool {
    stands(text, at: 0)
  }

  /// Whether the text is what stands there.
  func stands(_ text: StaticString, at start: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard count - start >= length else { return false }
    var index = 0
    while index < length {
      guard self[start + index] == text.utf8Start[index] else { return false }
      index += 1
    }
    return true
  }
}
