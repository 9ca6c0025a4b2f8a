import L402
import Ledger
import Postgres
import Units
import Wire

enum RequestProperties {
  static func check(_ input: [UInt8]) {
    body(RentRequest.self, input)
    body(RenewRequest.self, input)
    body(ChangeRequest.self, input)
    body(RefundRequest.self, input)
    body(NarrowRequest.self, input)
    body(ExecRequest.self, input)
    body(PayRequest.self, input)
    body(WalletInvoiceRequest.self, input)
    body(SpendCreditRequest.self, input)
    body(EvictRequest.self, input)
    body(ProtectRequest.self, input)
    for line in input.split(separator: UInt8(ascii: "\n")) { words(String(decoding: line, as: UTF8.self)) }
  }

  /// What is read is what is written again, whatever is in it.
  private static func body<Document: Codable & Hashable>(_ type: Document.Type, _ input: [UInt8]) {
    for fields in [JSON.UnknownFields.refused, .ignored] {
      guard let read = read({ () throws(JSONFault) in try JSON.decode(type, from: input, unknownFields: fields) })
      else { continue }
      let again = Fuzz.read { () throws(JSONFault) in
        try JSON.decode(type, from: JSON.encode(read), unknownFields: .refused)
      }
      // A moment whose year has not four digits is written as the nearest that has.
      precondition(again.map { JSON.encode($0) } == JSON.encode(read), "what is written is read")
    }
  }

  /// A segment of a path, a field of the query or of the head.
  private static func words(_ text: String) {
    if let id = LeaseID(text) { precondition(id.description == text.lowercased() || LeaseID(id.description) == id) }
    _ = PaymentHash(hex: text)
    _ = IPAddress(text)
    if let moment = Instant(rfc3339: text) {
      let named = min(max(moment, .earliestNamed), .latestNamed)
      precondition(Instant(rfc3339: moment.rfc3339) == named, "what is written is read")
      NumberProperties.encode(Timestamp(moment).instant)
    }
    if let number = Int64(text) { NumberProperties.check([number, number]) }
    if let price = read({ () throws(FixedDecimal.Fault) in try FixedDecimal(text) }) {
      precondition(price >= .zero)
    }
    _ = read { () throws(FixedDecimal.Fault) in try FixedDecimal(roundingDown: text) }
  }
}
