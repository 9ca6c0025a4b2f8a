import BOLT11
import Engine
import Leasing
import Ledger
import Units

/// What happened to a lease, and where its money went.
extension Pages {
  /// Of the newest so many are shown; the JSON door has all.
  private static let most = 200

  func history(
    _ record: LeaseRecord, _ shown: LeaseVisit, _ words: Words.Language, seesMoney: Bool
  ) async throws -> [String: Any] {
    let id = record.lease.id
    let events = try await engine.reader.newestEvents(of: id, limit: Self.most, shown.caller)
    var model: [String: Any] = [
      "events": events.map { EventView($0, words, tellsAll: seesMoney).model }
    ]
    guard seesMoney else { return model }
    let transfers = try await engine.reader.newestTransfers(of: id, limit: Self.most, shown.caller)
    model["transfers"] = transfers.map { Self.row($0, of: id, words) }
    return model
  }

  private static func row(_ record: TransferRecord, of id: LeaseID, _ words: Words.Language) -> [String: Any] {
    func change(of account: Account) -> String {
      if record.transfer.credit == account { return "+" + words.sat(record.transfer.amount) }
      return record.transfer.debit == account ? "−" + words.sat(record.transfer.amount) : ""
    }
    return [
      "at": record.at.minute, "iso": record.at.rfc3339, "why": words["cause_\(record.transfer.cause.rawValue)"],
      "balance": change(of: .lease(id)), "credit": change(of: .credit(id)),
    ]
  }

  /// What wallets scan to pay for more time, by anybody and without a credential (LUD-06); `nil` where nobody knows how we
  /// are called.
  static func topUpCode(of lease: Lease, base: String) -> String? {
    base.isEmpty ? nil : LNURL.text(of: "\(base)/.well-known/lnurlp/\(lease.id.shortName)")
  }
}

/// One thing that happened, for people.
struct EventView {
  let model: [String: Any]

  /// - Parameter tellsAll: amounts and reasons as well, for who may see the lease's purse.
  init(_ event: EventRecord, _ words: Words.Language, tellsAll: Bool) {
    let key = "event_\(event.name.word)"
    let isMove = event.from != event.to
    model = [
      "at": event.at.minute, "iso": event.at.rfc3339, "what": words[key] == key ? event.name.word : words[key],
      "change": isMove ? "→ " + words["short_\(event.to.rawValue)"] : "",
      // The engine speaks English.
      "summary": tellsAll && words.code == "en"
        ? event.summary ?? "" : event.evidence["reason"].filter { _ in tellsAll } ?? "",
    ].filter { $0.value != "" }
  }
}

extension Optional {
  fileprivate func filter(_ isWanted: (Wrapped) -> Bool) -> Wrapped? { flatMap { isWanted($0) ? $0 : nil } }
}

extension Words.Language {
  /// To the millisatoshi, without what says nothing.
  func sat(_ amount: Millisatoshi) -> String {
    var fraction = String(1_000 + abs(amount.count) % 1_000).dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return number(amount.count / 1_000) + (fraction.isEmpty ? "" : self["decimal_point"] + fraction)
  }

  func resources(_ terms: Terms) -> String {
    switch terms.kind {
    case .disk: say("what_disk", ["disk": bytes(terms.resources.disk.count)])
    case .compute:
      say(
        "what_compute",
        [
          "cores": cores(terms.resources.cpuMillis), "memory": bytes(terms.resources.memory.count),
          "disk": bytes(terms.resources.disk.count),
        ])
    }
  }
}
