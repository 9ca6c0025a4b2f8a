import Ledger
import Postgres
import Units

enum NumberProperties {
  /// Every eight bytes are a number.
  static func check(_ input: [UInt8]) {
    let numbers = stride(from: 0, to: input.count - input.count % 8, by: 8).map { start in
      input[start..<(start + 8)].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    }
    check(numbers.prefix(8).map { Int64(bitPattern: $0) })
  }

  /// No number stops the program, and what saturates stays on its side.
  static func check(_ numbers: [Int64]) {
    for a in numbers {
      encode(Instant(microseconds: a))
      for b in numbers {
        moments(a, b)
        amounts(a, b)
        rates(a, b, numbers)
      }
    }
  }

  static func encode(_ moment: Instant) {
    var writer = Parameters()
    writer.append(Postgres.Timestamp(microseconds: moment.microseconds))
    writer.append([Postgres.Timestamp(microseconds: moment.microseconds)])
    _ = moment.rfc3339
  }

  private static func moments(_ a: Int64, _ b: Int64) {
    let (moment, other) = (Instant(microseconds: a), Instant(unixSeconds: b))
    _ = (moment.unixSeconds, moment.unixSecondsRoundedUp, other.unixSeconds, moment.microseconds(since: other))
    let span = Seconds(b)
    precondition((moment + span >= moment) == (b >= 0) || b < 0)
    precondition(moment - span <= moment || b < 0)
    _ = (span.microseconds, span * a, span + Seconds(a), span - Seconds(a), ByteCount.mebibytes(a))
  }

  private static func amounts(_ a: Int64, _ b: Int64) {
    let (amount, other) = (Millisatoshi(a), Millisatoshi(b))
    precondition(amount + other >= amount || b < 0, "saturates upwards")
    precondition(amount - other <= amount || b < 0, "saturates downwards")
    _ = (-amount, Millisatoshi(satoshis: a), amount.roundedUpToSatoshi, amount.satoshisRoundedUp)
    _ = (amount.roundedUpToInvoice, amount.addingReportingOverflow(other), amount.multipliedReportingOverflow(by: b))
  }

  private static func rates(_ a: Int64, _ b: Int64, _ more: [Int64]) {
    guard a >= 0, b >= 1 else { return }
    let rate = Rate(Millisatoshi(a), perMicroseconds: b)
    for span in more {
      _ = (rate.price(ofMicroseconds: span), rate.microsecondsUntilSpent(Millisatoshi(span), carrying: 0))
      guard span >= 0 else { continue }
      let (charge, remainder) = rate.charge(elapsedMicroseconds: span, carrying: b - 1)
      precondition(charge >= .zero && remainder >= 0 && remainder < b)
    }
    if let decimal = price(a), let rate = exchange(b) { _ = rate.millisatoshi(for: decimal) }
  }

  private static func price(_ count: Int64) -> FixedDecimal? {
    count >= 0 ? FixedDecimal(hundredMillionths: count) : nil
  }

  private static func exchange(_ count: Int64) -> ExchangeRate? {
    price(count).flatMap { ExchangeRate(.usd, perBitcoin: $0, source: "", readAt: Instant(microseconds: count)) }
  }
}
