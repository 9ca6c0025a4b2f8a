import Engine
import HTTPTypes
import Hummingbird
import Ledger
import NIOCore
import Units
import Wire

extension HTTPAPI {
  var lookingEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/leases/{lease}/usage", usage),
      Endpoint(.get, "/v1/leases/{lease}/ledger") { exchange in
        let limit = try exchange.limit()
        let after = try exchange.sequence("cursor") ?? 0
        let found = try await engine.reader.transfers(
          of: exchange.lease(), after: after, limit: limit + 1, exchange.caller())
        let page = found.prefix(limit)
        return .json(
          ListDocument(
            items: page.map(LedgerItem.init(_:)),
            nextCursor: found.count > limit ? page.last.map { String($0.id) } : nil))
      },
      Endpoint(.get, "/v1/leases/{lease}/explain") { exchange in
        let limit = try exchange.limit()
        let after = try exchange.sequence("cursor") ?? 0
        let found = try await engine.reader.events(
          of: exchange.lease(), after: after, limit: limit + 1, exchange.caller())
        let page = found.prefix(limit)
        // Evidence tells amounts and rates.
        let tellsAll = await engine.reader.seesMoney(try exchange.caller())
        return .json(
          ListDocument(
            items: page.map { event in
              var item = ExplainItem(event)
              if !tellsAll {
                item.evidence = [:]
                item.summary = nil
              }
              return item
            },
            nextCursor: found.count > limit ? page.last.map { String($0.sequence) } : nil))
      },
      Endpoint(.get, "/v1/leases/{lease}/events", events),
    ]
  }

  @Sendable private func usage(_ exchange: Exchange) async throws -> Response {
    let limit = try exchange.limit()
    var cursor = UsageCursor(after: nil, skip: 0)
    if let text = try exchange.query("cursor") {
      guard let read = UsageCursor(text) else { throw Problem.invalid("cursor", "is none of ours") }
      cursor = read
    }
    let found = try await engine.reader.usage(
      of: exchange.lease(), after: cursor.after, limit: cursor.skip + limit + 1, exchange.caller())
    let page = found.dropFirst(cursor.skip).prefix(limit)
    let isLast = found.count <= cursor.skip + limit
    let tellsMoney = await engine.reader.seesMoney(try exchange.caller())
    return .json(
      ListDocument(
        items: page.map { window in
          var item = UsageItem(window)
          if !tellsMoney { item.chargedMsat = nil }
          return item
        },
        nextCursor: isLast ? nil : cursor.advanced(over: found.prefix(cursor.skip + limit)).text))
  }

  /// Server-sent events (WHATWG HTML §9.2): what has happened since `Last-Event-ID`, then what happens, to the end.
  private func events(_ exchange: Exchange) async throws -> Response {
    var last: Int64 = 0
    if let text = exchange.request.headers[.lastEventID], !text.isEmpty {
      guard let sequence = Int64(text), sequence >= 0 else {
        throw Problem.badHeader("Last-Event-ID is a number this server gave")
      }
      last = sequence
    }
    // Who has seen the end is told to stop asking (WHATWG HTML §9.2.3): an end alone is asked about again for ever.
    if last > 0, try await engine.reader.isOver(exchange.lease(), after: last, exchange.caller()) {
      return Response(status: .noContent, headers: [.cacheControl: "no-store"])
    }
    let feed = try await engine.reader.feed(of: exchange.lease(), after: last, exchange.caller())
    let seat = try feeds.take(exchange.lease())
    let base = configuration.publicURL
    let tellsMoney = await engine.reader.seesMoney(try exchange.caller())
    let headers: HTTPFields = [
      .contentType: "text/event-stream", .cacheControl: "no-store",
    ]
    return exchange.streaming(headers: headers, feed, tick: configuration.keepAlive, begin: ": open\n\n") {
      [seat] piece in
      defer { withExtendedLifetime(seat) {} }
      switch piece {
      case .element(let event):
        guard let name = event.feedName else { return .nothing }
        var told = FeedEvent(event, named: name, base: base)
        if !tellsMoney { told.amountMsat = nil }
        let data = JSON.text(told)
        return .bytes(ByteBuffer(string: "id: \(event.sequence)\nevent: \(name.rawValue)\ndata: \(data)\n\n"))
      case .tick: return .bytes(ByteBuffer(string: ": still here\n\n"))
      // The client asks again and is told why in an answer of its own.
      case .ended, .failed: return .end(nil)
      }
    }
  }
}

extension Exchange {
  /// A number this server gave, in the query.
  fileprivate func sequence(_ name: String) throws(Problem) -> Int64? {
    guard let text = try query(name) else { return nil }
    guard let value = Int64(text), value >= 0 else { throw .invalid(name, "is none of ours") }
    return value
  }
}

/// Where a list of usage goes on. Windows of several meters begin at the same moment, so a moment alone would lose
/// some: it is the moment before them, and how many after it were seen.
struct UsageCursor: Hashable {
  var after: Instant?
  var skip: Int

  init(after: Instant?, skip: Int) {
    self.after = after
    self.skip = skip
  }

  init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, let skip = Int(parts[1]), (0...10_000).contains(skip) else { return nil }
    self.skip = skip
    if parts[0].isEmpty {
      after = nil
    } else {
      // No window began before 1970 or begins after the year 9999.
      guard let moment = Int64(parts[0]), (0...Instant.latestNamed.microseconds).contains(moment) else { return nil }
      after = Instant(microseconds: moment)
    }
  }

  var text: String { "\(after.map { String($0.microseconds) } ?? "").\(skip)" }

  /// - Parameter seen: everything after ``after`` that was shown, in order.
  func advanced(over seen: some Collection<UsageWindow>) -> UsageCursor {
    let starts = seen.map(\.start)
    guard let last = starts.max() else { return self }
    let earlier = starts.filter { $0 < last }.max()
    guard let earlier else { return UsageCursor(after: after, skip: starts.count) }
    return UsageCursor(after: earlier, skip: starts.count { $0 > earlier })
  }
}
