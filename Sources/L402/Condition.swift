import Macaroons

/// The conditions this service reads; every other is refused (see ``Spelling`` for what other tools write). The first four are the *minted four*, in their order; the fifth may follow them.
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
  /// `leasehold_port=8080,9000`: these ports of the container, and nothing else of the lease.
  case port = "leasehold_port"

  /// How many caveats every minted credential starts with. A ``variant`` directly behind them is minted as well.
  public static let mintedCount = 4

  /// How other tools spell some of these. They mean exactly what ours mean, and narrow each other.
  public enum Spelling: String, Hashable, Sendable, CaseIterable {
    /// Unix seconds; milliseconds when over 10^11, of which what is no whole second is dropped.
    case validUntil = "valid_until"
    case method
    /// Whole segments, as ``Condition/path``.
    case pathPrefix = "path_prefix"
    /// Whole satoshis.
    case maxSats = "max_sats"

    public var condition: Condition {
      switch self {
      case .validUntil: .validUntil
      case .method: .method
      case .pathPrefix: .path
      case .maxSats: .maxMsat
      }
    }

    /// `condition=value` as a caveat is written.
    public func caveat(_ value: String) -> String { rawValue + "=" + value }

    /// A number in the units of our condition; nil when it does not fit.
    func inOurs(_ number: Int64) -> Int64? {
      switch self {
      case .validUntil: return number > 100_000_000_000 ? number / 1_000 : number
      case .maxSats:
        let (msat, overflow) = number.multipliedReportingOverflow(by: 1_000)
        return overflow ? nil : msat
      case .method, .pathPrefix: return number
      }
    }

    /// The same for a value as it stands; what is no number stays as it is.
    func inOurs(_ value: String) -> String {
      switch self {
      case .validUntil, .maxSats: Int64(value).flatMap(inOurs).map(String.init(_:)) ?? value
      case .method, .pathPrefix: value
      }
    }
  }

  /// What a caveat is.
  enum Reading: Equatable {
    /// The value begins at the offset.
    case ours(Condition, value: Int)
    /// The same in another tool's words.
    case theirs(Spelling, value: Int)
    /// A preimage that some clients keep in the macaroon: it restricts nothing, and is passed over.
    case preimage
    /// None of these. Whoever wrote it meant to restrict something, and to skip it would be to widen.
    case unknown
  }

  static func read(_ caveat: [UInt8]) -> Reading {
    caveat.withUnsafeBufferPointer { read($0) }
  }

  /// Reads `condition=value`, to the letter: another case or a space before it makes another condition.
  static func read(_ caveat: UnsafeBufferPointer<UInt8>) -> Reading {
    if caveat.begins(with: "leasehold_") {
      let name = UnsafeBufferPointer(rebasing: caveat[prefixCount...])
      for (condition, rest) in prefixed where name.begins(with: rest) {
        return .ours(condition, value: prefixCount + rest.utf8CodeUnitCount)
      }
    } else if caveat.begins(with: "services=") {
      return .ours(.services, value: 9)
    } else if caveat.begins(with: "preimage=") {
      return .preimage
    } else {
      for (spelling, name) in spelled where caveat.begins(with: name) {
        return .theirs(spelling, value: name.utf8CodeUnitCount)
      }
    }
    return .unknown
  }

  private static let prefixCount = 10

  private static let prefixed: [(Condition, StaticString)] = [
    (.capabilities, "capabilities="), (.lease, "lease="), (.validUntil, "valid_until="), (.variant, "variant="),
    (.path, "path="), (.method, "method="), (.source, "source="), (.maxMsat, "max_msat="),
    (.port, "port="),
  ]

  private static let spelled: [(Spelling, StaticString)] = [
    (.validUntil, "valid_until="), (.method, "method="), (.pathPrefix, "path_prefix="), (.maxSats, "max_sats="),
  ]

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
