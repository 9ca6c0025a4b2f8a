/// Why an operator did something by hand: kept, and shown to the renter.
struct OperatorReason: Hashable, Sendable {
  let text: String

  /// - Throws: ``Refusal/invalidField(_:_:)`` unless it is one line of 1 to 500 bytes.
  init(_ reason: String) throws {
    guard (1...500).contains(reason.utf8.count), !reason.unicodeScalars.contains(where: { $0.value < 32 }) else {
      throw Refusal.invalidField("reason", "one line of 1 to 500 bytes")
    }
    text = reason
  }
}
