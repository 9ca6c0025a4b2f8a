import Engine
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import Units

/// A lease, for whoever shows its credential: in `Authorization`, as our script does, or in a form.
extension Pages {
  @Sendable func lease(_ visit: Visit) async throws -> Response {
    guard let id = visit.parameters.get("lease").flatMap({ LeaseID($0) }) else { throw Refusal.unknownLease }
    let caller = gate.caller(visit.request, peer: visit.peer)
    guard !caller.authorization.isEmpty else {
      return page(
        "lease", visit, ["id": id.description, "isLocked": true, "heading": words(visit)["lease"]], isSecret: true)
    }
    return try await leasePage(
      try await engine.reader.lease(id, caller), caller.authorization[0], isNew: false, visit, caller)
  }

  @Sendable func leaseByForm(_ visit: Visit) async throws -> Response {
    let form = try await visit.form()
    var credential = form["credential"] ?? ""
    if !credential.lowercased().hasPrefix("l402 ") { credential = "L402 " + credential }
    var caller = gate.caller(visit.request, peer: visit.peer)
    caller.authorization = [credential]
    guard let id = LeaseID(try await engine.introspect(caller).lease) else { throw Refusal.unknownLease }
    return try await leasePage(
      try await engine.reader.lease(id, caller), credential, isNew: false, visit, caller)
  }

  /// - Parameter isNew: it has just been bought, and its credential is to be kept.
  func leasePage(
    _ record: LeaseRecord, _ credential: String, isNew: Bool, _ visit: Visit, _ caller: Caller
  ) async throws -> Response {
    let view = LeaseView(
      record, at: engine.clock.now(), seesMoney: await engine.reader.seesMoney(caller), words(visit))
    var model = view.model
    model["isNew"] = isNew
    model["credential"] = credential
    model["failure"] = try await engine.reader.failure(of: record)?.fault.words ?? ""
    let title = engine.catalog.offer(record.lease.terms.offer)?.title ?? record.lease.terms.offer
    (model["title"], model["heading"]) = (title, title)
    return page("lease", visit, model, isSecret: true)
  }
}

/// A lease for people.
struct LeaseView {
  private(set) var model: [String: Any]

  init(_ record: LeaseRecord, at now: Instant, seesMoney: Bool, _ words: Words.Language) {
    let lease = record.lease
    let account = lease.account
    let name = lease.state.name
    model = [
      "id": lease.id.description, "isLocked": false, "kind": lease.terms.kind.rawValue,
      "isCompute": lease.terms.kind == .compute, "isDisk": lease.terms.kind == .disk, "offer": lease.terms.offer,
      "state": name.rawValue, "stateWords": Self.state(lease.state, words),
      "isServing": name == .active || name == .grace, "isClosed": name == .closed || name == .reclaiming,
      "isStarting": name == .provisioning || lease.state.isResuming,
      "reason": lease.flags.frozen?.reason ?? lease.flags.suspensionReason ?? lease.flags.evictionReason ?? "",
      "isFrozen": lease.flags.frozen != nil, "image": record.request.image ?? "",
      "disk": record.request.disk?.description ?? "", "seesMoney": seesMoney,
      "what": words.bytes(lease.terms.resources.disk.count),
      "created": lease.createdAt.minute, "createdIso": lease.createdAt.rfc3339,
      "perDay": words.number(Self.perDay(account.rate)), "period": words.span(lease.terms.period.count, saysOne: true),
    ]
    if lease.terms.kind == .compute {
      model["what"] = words.say(
        "what_compute",
        [
          "cores": words.cores(lease.terms.resources.cpuMillis),
          "memory": words.bytes(lease.terms.resources.memory.count),
          "disk": words.bytes(lease.terms.resources.disk.count),
        ])
    }
    let price = lease.costOfGoingOn(at: now)
    model["canRenew"] = price != nil
    if seesMoney, let price {
      model["avoid"] = words.say(
        "renewal_buys",
        ["sat": words.number(price.satoshisRoundedUp), "period": words.span(lease.terms.period.count, saysOne: true)])
    }
    model["renewal"] = price.map { words.number($0.satoshisRoundedUp) } ?? ""
    if seesMoney {
      model["balance"] = words.number(max(.zero, account.balance).satoshisRoundedDown)
      model["debt"] = account.debt == .zero ? "" : words.number(account.debt.satoshisRoundedUp)
      model["credit"] = account.credit == .zero ? "" : words.number(account.credit.satoshisRoundedDown)
    }
    // At one moment the more serious of two is told: the paid time ends, and the service stops.
    let timetable = lease.timetable
    let told = timetable.enumerated().filter { index, deadline in
      !timetable[(index + 1)...].contains { $0.at.minute == deadline.at.minute }
    }
    model["next"] = told.map(\.element).map { deadline in
      ["at": deadline.at.minute, "iso": deadline.at.rfc3339, "what": words["next_\(deadline.action.rawValue)"]]
    }
    if let first = lease.timetable.first {
      model["until"] = first.at.rfc3339
      model["untilWords"] = first.at.minute
      model["untilWhat"] = words["until_\(first.action.rawValue)"]
    }
  }

  private static func state(_ state: Lease.State, _ words: Words.Language) -> String {
    if state.isResuming { return words["state_resuming"] }
    return words["state_\(state.name.rawValue)\(state.cause.map { "_" + $0 } ?? "")"]
  }

  /// Satoshis.
  private static func perDay(_ rate: Rate) -> Int64 {
    rate.price(ofMicroseconds: Seconds.day.microseconds)?.satoshisRoundedUp ?? 0
  }
}

extension Instant {
  /// To the minute, in UTC: `2026-11-29 17:35 UTC`. A script shows it in the reader's own time.
  var minute: String { rfc3339.prefix(16).replacing("T", with: " ") + " UTC" }
}

extension Millisatoshi {
  var satoshisRoundedDown: Int64 { count / 1_000 }
}
