import Engine
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import QR
import Units

/// The pages of a lease, each with an address of its own.
enum LeasePart: String, CaseIterable {
  case overview = "lease"
  case files, container, keep, usage, history, share

  func isOf(_ kind: Kind) -> Bool {
    switch self {
    case .overview, .keep, .usage, .history, .share: true
    case .files: kind == .disk
    case .container: kind == .compute
    }
  }
}

/// A lease, for whoever shows its credential: in `Authorization`, as our script does, or in a form.
extension Pages {
  @Sendable func lease(_ visit: Visit) async throws -> Response {
    guard let id = visit.parameters.get("lease").flatMap({ LeaseID($0) }) else { throw Refusal.unknownLease }
    guard let part = LeasePart(rawValue: visit.parameters.get("part") ?? LeasePart.overview.rawValue) else {
      throw HTTPError(.notFound)
    }
    let caller = gate.caller(visit.request, peer: visit.peer)
    guard let shown = caller.authorization.first else {
      return page(
        "locked", visit, ["id": id.description, "page": "lease", "heading": words(visit)["lease"]], isSecret: true)
    }
    // In this order: what happens in between is told to the page once more, and not missed.
    let last = try await engine.reader.lastEvent(of: id, caller)
    let record = try await engine.reader.lease(id, caller)
    guard part.isOf(record.lease.terms.kind) else { throw HTTPError(.notFound) }
    return try await leasePage(
      part, record, LeaseVisit(visit: visit, caller: caller, credential: shown, lastEvent: last))
  }

  @Sendable func leaseByForm(_ visit: Visit) async throws -> Response {
    let form = try await visit.form()
    var credential = form["credential"] ?? ""
    if !credential.lowercased().hasPrefix("l402 ") { credential = "L402 " + credential }
    var caller = gate.caller(visit.request, peer: visit.peer)
    caller.authorization = [credential]
    guard let id = LeaseID(try await engine.introspect(caller).lease) else { throw Refusal.unknownLease }
    return try await leasePage(
      .overview, try await engine.reader.lease(id, caller),
      LeaseVisit(visit: visit, caller: caller, credential: credential, isForm: true))
  }

  func leasePage(_ part: LeasePart, _ record: LeaseRecord, _ shown: LeaseVisit) async throws -> Response {
    let words = words(shown.visit)
    let seesMoney = await engine.reader.seesMoney(shown.caller)
    let view = LeaseView(record, at: engine.clock.now(), seesMoney: seesMoney, words)
    var model = view.model
    model["page"] = "lease"
    model["last"] = "\(shown.lastEvent)"
    model["isNew"] = shown.isNew
    model["credential"] = shown.isNew ? shown.credential : ""
    model["failure"] = try await engine.reader.failure(of: record)?.fault.words ?? ""
    let title = engine.catalog.offer(record.lease.terms.offer)?.title ?? record.lease.terms.offer
    (model["title"], model["heading"]) = (title, title)
    if !shown.isForm { model["tabs"] = Self.tabs(part, record.lease, words) }
    let more: [String: Any] =
      switch part {
      case .overview: changes(record, words)
      case .files, .share: [:]
      case .container: try await container(record, shown, words)
      case .usage: try await usage(record, shown, words, seesMoney: seesMoney)
      case .history: try await history(record, shown, words, seesMoney: seesMoney)
      case .keep: keep(record, shown)
      }
    return page(part.rawValue, shown.visit, model.merging(more) { $1 }, isSecret: true)
  }

  private static func tabs(_ here: LeasePart, _ lease: Lease, _ words: Words.Language) -> [[String: Any]] {
    LeasePart.allCases.filter { $0.isOf(lease.terms.kind) }.map { part in
      [
        "href": "/lease/\(lease.id)" + (part == .overview ? "" : "/\(part.rawValue)"),
        "name": words["tab_\(part.rawValue)"], "isHere": part == here,
      ]
    }
  }

  /// What its renter may change it to.
  private func changes(_ record: LeaseRecord, _ words: Words.Language) -> [String: Any] {
    let terms = record.lease.terms
    let others = engine.catalog.offers.map(engine.offers.asOfNow).filter {
      $0.terms.kind == terms.kind && $0.id != terms.offer && $0.terms.isPriced && $0.terms.price > .zero
    }
    guard record.lease.state == .active, !others.isEmpty else { return [:] }
    return [
      "hasChanges": true,
      "changes": others.map { offer in
        [
          "offer": offer.id,
          "text": words.say(
            "change_option",
            [
              "title": offer.title, "sat": words.number(offer.highestPrice.satoshisRoundedUp),
              "period": words.span(offer.terms.period.count, saysOne: false),
            ]),
        ]
      },
    ]
  }

  private func keep(_ record: LeaseRecord, _ shown: LeaseVisit) -> [String: Any] {
    let lease = record.lease
    var model: [String: Any] = ["hasMeters": !lease.terms.meters.isEmpty]
    model["renewalValue"] = lease.costOfGoingOn(at: engine.clock.now()).map { "\($0.satoshisRoundedUp)" } ?? ""
    model["limitValue"] = lease.limit(at: engine.clock.now()).map { "\($0.perDay.satoshisRoundedDown)" } ?? ""
    if let code = Self.topUpCode(of: lease, base: gate.base(shown.visit.request)) {
      (model["lnurl"], model["scanQR"]) = (code, QRCode("LIGHTNING:" + code)?.svg ?? "")
    }
    return model
  }

  private func container(
    _ record: LeaseRecord, _ shown: LeaseVisit, _ words: Words.Language
  ) async throws -> [String: Any] {
    var model: [String: Any] = [:]
    // What it was started with may hold secrets: it is for who may start it.
    if try await engine.credential(of: shown.caller)?.capabilities.contains(.control) == true {
      model["commandLine"] = record.request.command.map { $0.contains(" ") || $0.isEmpty ? "'\($0)'" : $0 }
        .joined(separator: " ")
      model["environment"] = record.request.environment.keys.sorted().joined(separator: ", ")
    }
    guard let state = await engine.doors.containers.commandState(of: record) else {
      model["commandWords"] = words["short_\(record.lease.state.name.rawValue)"]
      return model
    }
    switch state.command {
    case .running: (model["command"], model["commandWords"], model["isRunning"]) = ("active", words["running"], true)
    case .stopped: (model["command"], model["commandWords"], model["isStopped"]) = ("", words["stopped"], true)
    case .ended(let code, let outOfMemory):
      let how =
        outOfMemory
        ? words["out_of_memory"] : code.map { words.say("ended_with", ["code": "\($0)"]) } ?? words["ended_somehow"]
      (model["command"], model["commandWords"], model["isStopped"]) = ("", how, true)
    }
    if state.restart != .never {
      model["restartWords"] =
        words[state.restart == .always ? "restart_always" : "restart_failure"]
        + " (\(words.number(state.restarts)))"
    }
    return model
  }
}

/// Who looks at a lease, and how.
struct LeaseVisit: Sendable {
  var visit: Visit
  var caller: Caller
  /// What was shown, as a line of `Authorization`.
  var credential: String
  /// The page shows what happened up to this sequence number; its script asks for what comes after. 0: for all.
  var lastEvent: Int64 = 0
  /// By a form, without scripts: other pages of the lease would want the credential again.
  var isForm = false
  /// It has just been bought, and its credential is to be kept.
  var isNew = false
}

/// A lease for people.
struct LeaseView {
  private(set) var model: [String: Any]

  init(_ record: LeaseRecord, at now: Instant, seesMoney: Bool, _ words: Words.Language) {
    let lease = record.lease
    let name = lease.state.name
    model = [
      "id": lease.id.description, "kind": lease.terms.kind.rawValue,
      "isCompute": lease.terms.kind == .compute, "isDisk": lease.terms.kind == .disk,
      "state": name.rawValue, "stateWords": Self.state(lease.state, words),
      "isClosed": name == .closed || name == .reclaiming,
      "reason": lease.flags.frozen?.reason ?? lease.flags.suspensionReason ?? lease.flags.evictionReason ?? "",
      "image": record.request.image ?? "", "disk": record.request.disk?.description ?? "", "seesMoney": seesMoney,
      "what": words.resources(lease.terms), "created": lease.createdAt.minute, "createdIso": lease.createdAt.rfc3339,
      "perDay": words.number(lease.account.rate.perDay), "period": words.span(lease.terms.period.count, saysOne: true),
    ]
    if seesMoney { tellMoney(lease, words) }
    tellFuture(lease, at: now, seesMoney: seesMoney, words)
  }

  private mutating func tellMoney(_ lease: Lease, _ words: Words.Language) {
    let account = lease.account
    let balance = words.number(max(.zero, account.balance).satoshisRoundedDown)
    let credit = words.number(account.credit.satoshisRoundedDown)
    model["balance"] = balance
    model["debt"] = account.debt == .zero ? "" : words.number(account.debt.satoshisRoundedUp)
    model["credit"] = account.credit.satoshisRoundedDown > 0 ? credit : ""
    model["refundWords"] = words.say("refund_words", ["sat": credit])
    model["releaseLoss"] = words.say("release_loss_\(lease.terms.kind.rawValue)", ["sat": balance])
  }

  private mutating func tellFuture(_ lease: Lease, at now: Instant, seesMoney: Bool, _ words: Words.Language) {
    let price = lease.costOfGoingOn(at: now)
    model["canRenew"] = price != nil
    model["renewal"] = price.map { words.number($0.satoshisRoundedUp) } ?? ""
    if seesMoney, let price {
      model["avoid"] = words.say(
        "renewal_buys",
        ["sat": words.number(price.satoshisRoundedUp), "period": words.span(lease.terms.period.count, saysOne: true)])
    }
    // At one moment the more serious of two is told: the paid time ends, and the service stops.
    let timetable = lease.timetable
    let told = timetable.enumerated().filter { index, deadline in
      !timetable[(index + 1)...].contains { $0.at.minute == deadline.at.minute }
    }
    model["next"] = told.map(\.element).map { deadline in
      ["at": deadline.at.minute, "iso": deadline.at.rfc3339, "what": words["next_\(deadline.action.rawValue)"]]
    }
    guard let first = timetable.first else { return }
    model["until"] = first.at.rfc3339
    model["untilWords"] = first.at.minute
    model["untilWhat"] = words["until_\(first.action.rawValue)"]
  }

  private static func state(_ state: Lease.State, _ words: Words.Language) -> String {
    if state.isResuming { return words["state_resuming"] }
    return words["state_\(state.name.rawValue)\(state.cause.map { "_" + $0 } ?? "")"]
  }
}

extension Rate {
  /// Satoshis.
  fileprivate var perDay: Int64 { price(ofMicroseconds: Seconds.day.microseconds)?.satoshisRoundedUp ?? 0 }
}

extension Instant {
  /// To the minute, in UTC: `2026-11-29 17:35 UTC`. A script shows it in the reader's own time.
  var minute: String { rfc3339.prefix(16).replacing("T", with: " ") + " UTC" }
}

extension Millisatoshi {
  var satoshisRoundedDown: Int64 { count / 1_000 }
}
