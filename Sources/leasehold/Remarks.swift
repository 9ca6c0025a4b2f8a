import Client
import QR
import Units
import Wire

/// What is said on standard error while something goes on.
enum Remarks {
  static func make(_ event: ClientEvent, isQuiet: Bool) {
    if case .payByHand(let invoice, let msat, let expiresAt) = event {
      // Asked for, so that quiet does not hide it.
      Terminal.writeError(
        request(
          invoice, msat: msat, expiresAt: expiresAt, now: LeaseholdClient.systemClock(),
          columns: Terminal.errorColumns, colored: Terminal.errorHasColors))
    } else if !isQuiet, let words = words(event) {
      Terminal.remark(words)
    }
  }

  static func words(_ event: ClientEvent) -> String? {
    switch event {
    case .paying(let msat, let purpose): "paying \(Human.sats(msat)) (\(purpose)) …"
    case .paid(let msat): "paid \(Human.sats(msat))"
    case .payByHand: nil
    case .held: "the payment has arrived; what it buys is being made …"
    case .recovering: "going on with what an earlier run began"
    case .swapped: "the credential had gone stale and was exchanged"
    case .logGap(let bytes?): "\(bytes) bytes of the log were dropped in between"
    case .logGap(nil): "the log was begun anew"
    case .waiting(let reason): "the server asks for patience (\(reason)); trying again …"
    }
  }

  /// What a person with a telephone needs: a code to scan, an address to tap, the text to copy.
  ///
  /// - Parameter columns: of the terminal, where there is one. A code that is folded cannot be scanned, so none is drawn
  ///   where it does not fit.
  static func request(
    _ invoice: String, msat: Int64, expiresAt: Instant, now: Instant, columns: Int?, colored: Bool
  ) -> String {
    var text = "\n"
    // Capitals, for the code is a third smaller then; BOLT 11 is the same in either case.
    if let code = QRCode("LIGHTNING:" + invoice.uppercased()) {
      text +=
        code.columns <= columns ?? .max
        ? code.text(colored: colored) + "\n"
        : "(the terminal is \(columns ?? 0) columns wide; a QR code takes \(code.columns))\n\n"
    }
    let left = max(0, expiresAt.microseconds(since: now) / 1_000_000)
    text += """
      lightning:\(invoice)

      Pay \(Human.sats(msat)) from your wallet within \(Human.span(left)); waiting for it.
      Ctrl-C ends the waiting and loses nothing: run the same command again to go on.

      """
    return text
  }
}
