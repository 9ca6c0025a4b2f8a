/// A limit of bits per second, by a token bucket (tc-tbf(8)) at each end of a lease's cable: whoever sends faster waits.
public struct Bandwidth: Hashable, Sendable {
  /// At least 64,000.
  public var bits: Int64

  public init(bits: Int64) { self.bits = max(64_000, bits) }

  /// What may be sent at once: ten milliseconds' worth, and never less than some large packets.
  var burst: Int64 { max(16_384, bits / 800) }

  /// Arguments of `tc` that set it on an interface; asked again they change it.
  public func arguments(for interface: String) -> [String] {
    [
      "qdisc", "replace", "dev", interface, "root", "tbf", "rate", "\(bits)bit", "burst", "\(burst)", "latency",
      "100ms",
    ]
  }

  /// Arguments of `tc` that take any limit off; they fail where there is none.
  public static func none(for interface: String) -> [String] { ["qdisc", "del", "dev", interface, "root"] }
}
