import Engine
import Hummingbird
import Units
import Wire

/// Outages made good.
extension HTTPAPI {
  /// For the operator, whose token is asked for where these are put together.
  var outageCreditEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/admin/v1/credits") { exchange in
        let found = try await engine.operator.outageCredits.list(limit: exchange.limit())
        return .json(ListDocument(items: found.map { OutageCreditItem($0) }))
      },
      Endpoint(.post, "/admin/v1/credits") { exchange in
        let asked = try await exchange.requiredDocument(OutageCreditRequest.self)
        let wish = try OutageCreditWish(asked)
        guard asked.dryRun != true else {
          let figures = try await engine.operator.outageCredits.preview(wish)
          var item = OutageCreditItem(figures)
          item.begunAt = figures.record.finishedAt == nil ? nil : item.begunAt
          return .json(item)
        }
        return .json(
          OutageCreditItem(try await engine.operator.outageCredits.give(wish, requestID: exchange.requestID)))
      },
    ]
  }
}

extension OutageCreditWish {
  init(_ asked: OutageCreditRequest) throws(Problem) {
    guard (asked.time == true) != (asked.msat != nil) else {
      throw Problem.invalid("time", "either time: true, or msat")
    }
    let (since, until) = (asked.affectedSince.instant, asked.affectedUntil.instant)
    self.init(
      label: asked.label ?? "\(since.rfc3339)/\(until.rfc3339)" + (asked.host.map { "/\($0)" } ?? ""),
      since: since, until: until, host: asked.host, each: asked.msat.map(Millisatoshi.init(_:)), reason: asked.reason)
  }
}

extension OutageCreditItem {
  init(_ record: OutageCreditRecord) {
    self.init(
      label: record.wish.label, affectedSince: Timestamp(record.wish.since),
      affectedUntil: Timestamp(record.wish.until), host: record.wish.host, msatEach: record.wish.each?.count,
      reason: record.wish.reason, begunAt: Timestamp(record.begunAt),
      finishedAt: record.finishedAt.map(Timestamp.init(_:)), leases: record.leases, msat: record.given.count)
  }

  init(_ figures: OutageCreditFigures) {
    self.init(figures.record)
    returning = figures.returning
    overlapping = figures.overlapping
  }
}
