import Leasing
import Units

extension EventRecord {
  /// The row in a sentence for people, where its name and evidence alone are none. Moments are in UTC.
  public var summary: String? {
    switch name {
    case .event(let name):
      return summary(of: name)
    case .notice:
      guard let consequence = evidence["consequence"], let deadline = moment("deadline") else { return nil }
      let price = amount("amount_msat").map { "; a renewal is \($0)" } ?? ""
      return "\(consequence) at \(deadline)" + because(evidence["reason"]) + price
    case .undelivered:
      guard let channel = evidence["channel"], let reason = evidence["reason"] else { return nil }
      return "the notice did not arrive by \(channel): \(reason)"
    case .resent:
      return "the provider sends again what did not arrive" + because(evidence["reason"])
    case .quoted, .lost, .other:
      return nil
    }
  }

  private func summary(of name: Event.Name) -> String? {
    let reason = evidence["reason"]
    switch name {
    case .woke: return timePassed
    case .settled: return amount("msat").map { "\($0) was paid" }
    case .creditReceived: return amount("msat").map { "\($0) of credit was spent on it" }
    case .released: return "the renter gave it back"
    case .changed: return evidence["offer"].map { "changed to \($0)" }
    case .resizeRefused: return "the change was undone: more is stored than the new size takes"
    case .provisionFailed: return "it could not be made" + because(reason)
    case .resumeFailed: return "it could not be resumed" + because(reason)
    case .impaired: return "the resource is at fault, time stands still" + because(reason)
    case .frozen: return "the provider sealed it" + because(reason)
    case .thawed: return "the provider took the seal off"
    case .operatorSuspended: return "the provider suspended it" + because(reason)
    case .operatorResumed: return "the provider resumed it"
    case .evicting:
      guard let until = moment("until") else { return "the provider does not end it after all" }
      return "the provider ends it at \(until)" + because(reason)
    case .announced:
      guard let from = moment("from"), let price = amount("price_msat") else { return nil }
      return "the offer has changed: renewals from \(from) on cost \(evidence["price"] ?? price)"
    case .usageRated:
      return to == .suspended && from != to ? "what the renter lets it spend in a day was spent" : nil
    case .limited:
      return amount("msat_per_day").map { "the renter lets usage cost \($0) a day" }
        ?? "the renter lets usage cost whatever it comes to"
    case .compensated:
      guard let from = moment("from"), let to = moment("to"), let given = amount("msat") else { return nil }
      return "\(given) were given back for an outage from \(from) to \(to)" + because(reason)
    case .walletSet:
      return evidence["wallet"] == "set" ? "a wallet is asked for renewals" : "no wallet is asked any more"
    case .pullFailed: return "the wallet did not pay" + because(reason)
    case .foundIdle: return moment("since").map { "nobody used it since \($0)" }
    case .outage:
      guard let from = moment("from"), let to = moment("to") else { return nil }
      return "nobody was looking from \(from) to \(to): that time is not charged"
    case .accepted, .holdCanceled, .quoteCanceled, .provisioned, .suspended, .resumed, .resized, .metersClosed,
      .invoicesCanceled, .destroyed, .payoutAsked, .payoutPaid, .payoutFailed, .creditGiven, .requested,
      .recovered, .protected:
      return nil
    }
  }

  /// What the clock did: the rows that matter most to who was suspended.
  private var timePassed: String? {
    let ranOut = moment("ran_out_at").map { "time ran out at \($0)" } ?? "what was paid is used up"
    let unpaid = amount("unpaid_msat").map { "; \($0) was not paid" } ?? ""
    switch (from, to) {
    case (.active, .grace): return ranOut + unpaid + " yet: it goes on, on credit"
    case (.active, .suspended): return ranOut + unpaid
    case (.grace, .suspended):
      return ranOut + (moment("grace_until").map { ", grace ended at \($0)" } ?? "") + unpaid
    case (.suspended, .reclaiming):
      return moment("kept_until").map { "its data was kept until \($0), and nobody paid" }
    // An eviction can come first.
    case (.provisioning, .reclaiming): return feedName == .failed ? "it was not made in time" : "its end was due"
    case (_, .reclaiming): return "its end was due"
    case (.quoted, _): return "the quote ran out unpaid"
    case (.provisioning, _), (.active, _), (.grace, _), (.suspended, _), (.reclaiming, _), (.closed, _), (nil, _):
      return nil
    }
  }

  private func because(_ reason: String?) -> String { reason.map { ": \($0)" } ?? "" }

  /// In satoshis, to the millisatoshi.
  private func amount(_ key: String) -> String? {
    guard let msat = evidence[key].flatMap({ Int64($0) }), msat >= 0 else { return nil }
    var fraction = String(1_000 + msat % 1_000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return "\(msat / 1_000)\(fraction.isEmpty ? "" : "." + fraction) sat"
  }

  /// The second of it, with the day where that is another than the row's own.
  private func moment(_ key: String) -> String? {
    guard let text = evidence[key], let moment = Instant(rfc3339: text) else { return nil }
    let written = Instant(unixSeconds: moment.unixSeconds).rfc3339
    let day = written.prefix(10)
    let time = written.dropFirst(11).prefix(8)
    return day == at.rfc3339.prefix(10) ? String(time) : "\(day) \(time)"
  }
}
