import Engine
import Leasing
import Units

/// A message in words, for channels that people read.
public struct MessageText: Hashable, Sendable {
  /// One line, without anything that is a secret.
  public var subject: String
  public var paragraphs: [String]

  /// - Parameter provider: whom it comes from.
  public init(_ message: Message, from provider: String) {
    let name = "\(message.offer) \(message.lease.description.suffix(6))"
    switch message.content {
    case .question:
      subject = "\(provider): may we write to you about a lease?"
      paragraphs = [
        "Somebody who rents '\(message.offer)' at \(provider) wants to be told here before its time runs out.",
        "If that is you, say so there: \(message.settingsAt ?? "")",
        "If it is not, do nothing: nothing more is sent here.",
      ]
    case .notice(let notice):
      let days = message.at.wholeDays(until: notice.deadline)
      let left = days > 1 ? "in \(days) days" : days == 1 ? "in a day" : "within a day"
      let isPast = notice.deadline <= message.at
      subject = "\(provider): \(name): \(notice.consequence)\(isPast ? "" : " \(left)")"
      paragraphs = [
        "Lease \(message.lease) ('\(message.offer)'): \(notice.consequence) at \(Self.moment(notice.deadline))"
          + (isPast ? "." : ", \(left).")
      ]
      if let amount = notice.amount, let payAt = message.payAt {
        if let invoice = message.invoice {
          paragraphs += [
            "One more period costs \(invoice.amount.satoshisRoundedUp) sat. Any Lightning wallet can pay this until "
              + "\(Self.moment(invoice.expiresAt)): \(Self.link(invoice))",
            "After that another invoice is made when you ask for it there: \(payAt)",
          ]
        } else {
          paragraphs += [
            "One more period costs \(amount.satoshisRoundedUp) sat. The invoice is made when you ask for it there: \(payAt)"
          ]
        }
        paragraphs += ["Any L402 client can pay there, and so can 'leasehold renew \(message.lease)'."]
      }
    }
  }

  /// As the wallet of a telephone opens it.
  static func link(_ invoice: MessageInvoice) -> String { "lightning:\(invoice.bolt11)" }

  private static func moment(_ moment: Instant) -> String {
    let text = Instant(unixSeconds: moment.unixSeconds).rfc3339
    return "\(text.prefix(10)) \(text.dropFirst(11).prefix(5)) UTC"
  }
}
