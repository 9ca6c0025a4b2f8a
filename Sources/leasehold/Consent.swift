import Client
import Units
import Wallets
import Wire

/// Leave for what cannot be undone: asked of the person at the terminal, and where there is none, given beforehand.
enum Consent {
  /// Says what is paid and how long the money then lasts, and asks where nothing was allowed before.
  static func approval(_ options: PaymentOptions, isQuiet: Bool) -> Approval {
    { question in
      let words = words(question, now: LeaseholdClient.systemClock())
      // The client itself holds what is asked against --max-sats.
      if options.yes || options.maxSats != nil {
        if !isQuiet { Terminal.remark(words) }
        return .pay
      }
      guard Terminal.hasPerson else {
        if !isQuiet { Terminal.remark(words) }
        return .refuse(.nobodyToAsk)
      }
      Terminal.remark(words)
      return Terminal.asks("Pay?") ? .pay : .refuse(.byPerson)
    }
  }

  static func words(_ question: PaymentQuestion, now: Instant) -> String {
    var text = Human.sats(question.amount.count)
    if question.fee > .zero { text += ", and up to \(Human.sats(question.fee.count)) for routing," }
    switch question.purpose {
    case "purchase": text += " for \(question.offer.map { "'\($0)'" } ?? "a lease")"
    case "renewal": text += " for more time"
    case "change": text += " for the change\(question.offer.map { " to '\($0)'" } ?? "")"
    default: text += " for an invoice"
    }
    if let lease = question.lease { text += " of lease \(lease)" }
    if let end = question.lastsUntil { text += "; it is then paid until \(Human.moment(Timestamp(end), now))" }
    return text
  }

  /// For everything a command is going to pay while nobody looks.
  static func askOnce(_ options: PaymentOptions, budget: Budget) throws {
    guard !options.yes, options.maxSats == nil else { return }
    let each =
      budget.perPayment.map { "up to \(Human.sats($0.count)) a payment" } ?? "whatever is asked for one payment"
    let day = budget.perDay.map { "\(Human.sats($0.count)) in 24 hours" } ?? "without a bound a day"
    guard Terminal.hasPerson else {
      throw Complaint.usage("say that it may pay: --yes (\(each), \(day)), or --max-sats")
    }
    guard Terminal.asks("Renew by itself, \(each), \(day)?") else {
      throw Complaint(status: .unpaid, description: "nothing is paid, then")
    }
  }

  /// For what destroys.
  static func confirm(_ deed: String, yes: Bool) throws {
    guard !yes else { return }
    guard Terminal.hasPerson else { throw Complaint.usage("\(deed): say --yes if that is meant") }
    guard Terminal.asks(deed + ": is that meant?") else { throw Complaint.failed("nothing was done") }
  }
}
