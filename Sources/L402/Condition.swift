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
  enum Reading {
    case ours(Condition, value: ArraySlice<UInt8>)
    /// Has our prefix and is none of the above.
    case unknown
    case foreign
  }

  /// Reads `condition=value`.
  ///
  /// What only looks like a condition of ours (another case, a space before it) is *unknown*, not foreign: whoever
  /// wrote it meant to restrict something, and to skip it would be to widen.
  static func read(_ caveat: ArraySlice<UInt8>) -> Reading {
    let found = caveat.withUnsafeBufferPointer { bytes in
      allNames.first { name, _ in
        let count = name.utf8CodeUnitCount
        return bytes.count > count && bytes[count] == UInt8(ascii: "=")
          && (0..<count).allSatisfy { bytes[$0] == name.utf8Start[$0] }
      }
    }
    if let (name, condition) = found {
      return .ours(condition, value: caveat.dropFirst(name.utf8CodeUnitCount + 1))
    }
    return resemblesOurs(caveat.prefix { $0 != UInt8(ascii: "=") }) ? .unknown : .foreign
  }

  private static let allNames: [(StaticString, Condition)] = [
    ("services", .services), ("leasehold_capabilities", .capabilities), ("leasehold_lease", .lease),
    ("leasehold_valid_until", .validUntil), ("leasehold_variant", .variant), ("leasehold_path", .path),
    ("leasehold_method", .method), ("leasehold_source", .source), ("leasehold_max_msat", .maxMsat),
  ]

  private static func resemblesOurs(_ name: ArraySlice<UInt8>) -> Bool {
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
