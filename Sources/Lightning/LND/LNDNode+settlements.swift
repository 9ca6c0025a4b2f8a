import Engine
import NodeRPC
import Synchronization
import Units

extension LNDNode {
  /// As ``LightningNode`` says; a cancelled task gets an empty list.
  ///
  /// The node streams what was settled behind an index and then what comes; behind index 0 it streams only what comes.
  /// So who starts at the beginning reads the whole list first, and again whenever a wait was in vain, because a first
  /// settlement between list and stream is in neither.
  public func settlements(after cursor: String?, limit: Int) async throws(NodeError) -> [NodeSettlement] {
    precondition(limit > 0, "at least one settlement is asked for")
    let identity = try await nodeIdentity()
    let index = Self.index(of: cursor, on: identity)
    while !Task.isCancelled {
      var found: [LNDInvoice]
      do throws(RPCError) {
        found = index == 0 ? try await settledEver() : []
        if found.isEmpty { found = try await nextSettled(after: index, limit: limit) }
      } catch {
        if Task.isCancelled { return [] }
        throw NodeError(error)
      }
      // What has no preimage was paid without an invoice of ours.
      let settled = found.filter { $0.settleIndex > index && $0.preimage != nil }
        .sorted { $0.settleIndex < $1.settleIndex }.prefix(limit)
      var settlements: [NodeSettlement] = []
      for invoice in settled { settlements.append(try settlement(invoice, on: identity)) }
      if !settlements.isEmpty { return settlements }
    }
    return []
  }

  /// A cursor carries the node it is of: behind another node's the count would start anywhere.
  private static func index(of cursor: String?, on identity: String) -> Int64 {
    guard let parts = cursor?.split(separator: "-", omittingEmptySubsequences: false), parts.count == 2,
      parts[0] == identity, let index = Int64(parts[1]), index >= 0
    else { return 0 }
    return index
  }

  private func settledEver() async throws(RPCError) -> [LNDInvoice] {
    var settled: [LNDInvoice] = []
    var index: Int64 = 0
    while true {
      let page = try await client.invoices(afterAddIndex: index, limit: 500)
      settled += page.invoices.filter { $0.state == .settled }
      guard page.last > index, !page.invoices.isEmpty else { return settled }
      index = page.last
    }
  }

  /// What is settled behind the index, and if nothing is, the next that will be; empty when none was for some time.
  ///
  /// The node does not say where what was ends and what comes begins. After the first, those that follow at once are
  /// taken along, to save a handshake for each.
  private func nextSettled(after index: Int64, limit: Int) async throws(RPCError) -> [LNDInvoice] {
    let found = Gathered()
    let signal = SettlementSignal(count: 0)
    let client = client
    let patience = patience
    let stream = Task {
      do throws(RPCError) {
        try await client.subscribeInvoices(settleIndex: index, within: patience) { invoice in
          guard invoice.state == .settled, invoice.settleIndex > index else { return true }
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
      try? await Task.sleep(for: .milliseconds(20))  // Cut short is as good.
    }
    stream.cancel()
    let end = await stream.value
    let settled = found.all
    if settled.isEmpty, !Task.isCancelled, let end, !Self.isPatienceOver(end) { throw end }
    return settled
  }

  private static func isPatienceOver(_ error: RPCError) -> Bool {
    error.kind == .lost && error.words.hasPrefix("no answer within")
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
