import BOLT11

enum InvoiceProperties {
  static func check(_ input: [UInt8]) {
    hold(String(decoding: input, as: UTF8.self))
    // A fuzzer does not find checksums. What stands before the first line's end is the human readable part, each byte
    // behind it a group, and the checksum is ours; for nearly any signature there is a key that might have made it.
    guard let end = input.firstIndex(of: UInt8(ascii: "\n")) else { return }
    let prefix = Array(input[..<end])
    guard !prefix.isEmpty, prefix.allSatisfy({ (33...126).contains($0) && !(65...90).contains($0) }) else { return }
    hold(Bech32.encode(prefix: prefix, groups: input[(end + 1)...].map { $0 & 31 }))
  }

  private static func hold(_ text: String) {
    guard let invoice = read({ () throws(BOLT11Error) in try Invoice.parse(text) }) else { return }
    let again = read { () throws(BOLT11Error) in try Invoice.parse(invoice.text) }
    precondition(again == invoice, "an invoice's text is the invoice")
    let upper = read { () throws(BOLT11Error) in try Invoice.parse(text.uppercased()) }
    precondition(upper?.payee == invoice.payee && upper?.paymentHash == invoice.paymentHash, "in either case")
    precondition(invoice.amount.map { $0 > 0 } ?? true)
    precondition(invoice.paymentHash.count == 32 && invoice.paymentSecret.count == 32)
    _ = invoice.isExpired(at: invoice.timestamp)
    _ = "\(invoice)"
  }
}
