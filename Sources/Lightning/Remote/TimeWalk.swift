import Engine
import NodeRPC
import Units

/// A row of a node's list of settlements.
protocol TimedPayment: HashedInvoice {
  /// `nil` for what was made without one: none of ours.
  var externalID: String? { get }
  /// What the list is ordered by; `nil` for a row that does not belong into it.
  var listedAt: Instant? { get }
}

/// Follows a node that orders its settlements by nothing but its clock, and tells of them by pushes that can be lost:
/// reads its list, and when that holds nothing new, waits for a push or until it is time to look again.
struct TimeWalk<Payment: TimedPayment>: Sendable {
  static var pageLength: Int { 100 }

  let pushes: PushSignal
  /// How often it is looked without having been told.
  let sweep: Seconds
  /// At most ``pageLength`` rows behind the offset, the latest first, those before the moment left out where the node can
  /// do that; `nil` for rows of another kind.
  let page: @Sendable (_ from: Instant, _ offset: Int) async throws(RPCError) -> [Payment?]
  let settlement: @Sendable (Payment, _ cursor: String) throws(NodeError) -> NodeSettlement

  /// As `LightningNode` says; a cancelled task gets an empty list.
  func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    let place = TimeCursor(cursor)
    while true {
      let heard = pushes.count()
      let found = try await next(after: place, limit: limit)
      guard found.isEmpty, !Task.isCancelled else { return found }
      await pushes.wait(beyond: heard, atMost: sweep)
      if Task.isCancelled { return [] }
    }
  }

  /// What there is, without waiting.
  func all(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    var found: [NodeSettlement] = []
    while found.count < limit, !Task.isCancelled {
      let more = try await next(after: TimeCursor(found.last?.cursor), limit: limit - found.count)
      guard !more.isEmpty else { break }
      found += more
    }
    return found
  }

  private func next(after place: TimeCursor, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    // What comes in meanwhile moves to the front, so that going on by offset meets some rows twice and misses only rows
    // that the next look finds.
    var payments: [[UInt8]: Payment] = [:]
    var offset = 0
    while true {
      let part: [Payment?]
      do throws(RPCError) {
        part = try await page(place.base, offset)
      } catch {
        if Task.isCancelled { return [] }
        throw NodeError(error)
      }
      let ours = part.compactMap { $0 }.filter { $0.externalID != nil }
      for payment in ours where payments[payment.paymentHash] == nil { payments[payment.paymentHash] = payment }
      let last = part.compactMap { $0?.listedAt }.last
      guard part.count == Self.pageLength, last ?? place.base >= place.base else { break }
      offset += Self.pageLength
    }
    let rows = payments.values.compactMap { payment in
      payment.listedAt.map { TimeCursor.Row(at: $0, hash: payment.paymentHash) }
    }
    var found: [NodeSettlement] = []
    var place = place
    // Where all that comes next is passed over, what comes behind it does.
    while found.isEmpty {
      let next = place.next(rows, limit: limit)
      guard let last = next.last else { break }
      for (row, cursor) in next {
        guard let payment = payments[row.hash] else { continue }
        let goesOn = try found.add(label: payment.externalID ?? "") { () throws(NodeError) in
          try settlement(payment, cursor.text)
        }
        guard goesOn else { return found }
      }
      place = last.cursor
    }
    return found
  }
}
