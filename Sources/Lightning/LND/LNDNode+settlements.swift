import Engine
import NodeRPC
import Synchronization
import Units

extension LNDNode {
  /// As `LightningNode` says; a cancelled task gets an empty list.
  ///
  /// The node streams what was settled behind an index and then what comes; behind index 0 it streams only what comes.
  /// So who starts at the beginning reads the whole list first, and again whenever a wait was in vain, because a first
  /// settlement between list and stream is in neither.
  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    let identity = try await nodeIdentity()
    var place = CountCursor(cursor, on: identity)
    while !Task.isCancelled {
      var rows: [LNDInvoice]
      do throws(RPCError) {
        rows = place.index == 0 ? try await settledEver(limit: limit) : []
        if rows.isEmpty { rows = try await nextSettled(after: place.index, limit: limit) }
      } catch {
        if Task.isCancelled { return [] }
        throw NodeError(error)
      }
      var settlements: [NodeSettlement] = []
      for invoice in rows {
        let goesOn = try settlements.add(label: Self.label(of: invoice.memo)) { () throws(NodeError) in
          try settlement(invoice, on: identity)
        }
        guard goesOn else { return settlements }
      }
      if !settlements.isEmpty { return settlements }
      // All that was there was passed over: on behind it.
      if let last = rows.last { place.index = last.settleIndex }
    }
    return []
  }

  /// The node never deletes what was settled, and streams it at once behind an index.
  public func compare(_ cursor: String) async throws(NodeError) -> CursorComparison {
    let place = CountCursor(cursor, on: try await nodeIdentity())
    guard place.index > 0 else { return .known }
    let isKnown = try await asking { () throws(RPCError) in
      // Behind index 0 only what comes is streamed.
      place.index == 1
        ? try await !settledEver(limit: 1).isEmpty
        : try await !nextSettled(after: place.index - 1, limit: 1, within: min(patience, 5)).isEmpty
    }
    return isKnown ? .known : .ahead(goOn: nil)
  }

  public func everySettlement(limit: Int) async throws(NodeError) -> [NodeSettlement] {
    let identity = try await nodeIdentity()
    let rows = try await asking { () throws(RPCError) in try await settledEver(limit: limit) }
    var found: [NodeSettlement] = []
    for row in rows {
      try found.addToWhole(label: Self.label(of: row.memo)) { () throws(NodeError) in
        try settlement(row, on: identity)
      }
    }
    return found
  }

  /// The first `limit` of all that was ever settled, in the order of their settlement. The node lists them in the order
  /// they were made in; of a long list no more than is asked for is kept.
  private func settledEver(limit: Int) async throws(RPCError) -> [LNDInvoice] {
    var settled: [LNDInvoice] = []
    var index: Int64 = 0
    while true {
      // A row is a kilobyte or two, and some are more: a hundred stay well below what one answer may have.
      let page = try await client.invoices(afterAddIndex: index, limit: 100)
      let more = page.invoices.compactMap { $0 }.filter { $0.isSettlement(after: 0) }
      settled = Self.first(limit, of: settled + more)
      guard page.last > index, !page.invoices.isEmpty else { return settled }
      index = page.last
    }
  }

  /// What is settled behind the index, and if nothing is, the next that will be; empty when none was for some time.
  ///
  /// The node does not say where what was ends and what comes begins. After the first, those that follow at once are
  /// taken along, to save a handshake for each.
  private func nextSettled(
    after index: Int64, limit: Int, within time: Seconds? = nil
  ) async throws(RPCError) -> [LNDInvoice] {
    let found = Gathered()
    let signal = SettlementSignal(count: 0)
    let client = client
    let patience = time ?? patience
    let stream = Task {
      do throws(RPCError) {
        try await client.subscribeInvoices(settleIndex: index, within: patience) { invoice in
          guard invoice.isSettlement(after: index) else { return true }
          let count = found.add(invoice)
          signal.publish(count)
          return count < limit
        }
        signal.close()
        return RPCError?.none
      } catch {
        signal.close()
        return error
      }
    }
    if await signal.wait(beyond: 0), !found.all.isEmpty, found.all.count < limit {
      _ = await Deadlines.shared.wait(.milliseconds(20))  // Cut short is as good.
    }
    stream.cancel()
    let end = await stream.value
    let settled = found.all
    if settled.isEmpty, !Task.isCancelled, let end, !Self.isPatienceOver(end) { throw end }
    return Self.first(limit, of: settled)
  }

  private static func first(_ limit: Int, of settled: [LNDInvoice]) -> [LNDInvoice] {
    Array(settled.sorted { $0.settleIndex < $1.settleIndex }.prefix(limit))
  }

  private static func isPatienceOver(_ error: RPCError) -> Bool {
    error.kind == .lost && error.words.hasPrefix("no answer within")
  }
}

extension LNDInvoice {
  /// What has no preimage was paid without an invoice of ours (AMP), and counts for nothing here, not even as an end of
  /// waiting.
  fileprivate func isSettlement(after index: Int64) -> Bool {
    state == .settled && settleIndex > index && preimage != nil
  }
}

/// What a stream has told so far.
private final class Gathered: Sendable {
  private let state = Mutex<[LNDInvoice]>([])

  var all: [LNDInvoice] { state.withLock { $0 } }

  func add(_ invoice: LNDInvoice) -> Int {
    state.withLock { invoices in
      invoices.append(invoice)
      return invoices.count
    }
  }
}
