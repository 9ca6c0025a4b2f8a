import L402
import Logging
import Units

/// Money arriving. The node's word is the only evidence, and each word is booked once.
struct Settlements: Sendable {
  let node: any LightningNode
  let clock: any WallClock
  let health: Health
  let nodeWatch: NodeWatch
  let bookings: Bookings
  let holds: Holds
  let log: Logger

  /// Asks the node about one invoice and books it if it settled: paid is paid, whether or not we were told.
  ///
  /// - Returns: whether it is settled.
  func bookIfSettled(_ hash: PaymentHash) async throws -> Bool {
    try await learn(of: hash) == .settled
  }

  /// What the node said about an invoice, once it has been taken in.
  enum Learned { case unknown, open, accepted, settled, gone }

  /// Asks the node about one invoice and takes in what it says.
  @discardableResult
  func learn(of hash: PaymentHash) async throws -> Learned {
    let found: NodeInvoice?
    do throws(NodeError) {
      found = try await node.lookup(hash)
    } catch {
      throw nodeWatch.refusal(for: error)
    }
    health.nodeAnswered(at: clock.now())
    guard let found else { return .unknown }
    return try await take(found.state, of: hash)
  }

  /// Asks the node about each of them and takes in what it says.
  ///
  /// One that cannot be looked up or taken in is said, counted and gone past: the others are somebody's money too. A node
  /// or a database that is away ends it, since it would be away for each of them.
  func learnOfEach(_ hashes: [PaymentHash]) async throws {
    for hash in hashes {
      do {
        let found = try await node.lookup(hash)
        health.nodeAnswered(at: clock.now())
        if let found { _ = try await take(found.state, of: hash) }
      } catch {
        try Task.checkCancellation()
        try goPast(error)
        health.lookupFailed()
        log.error(
          "an invoice could not be looked up",
          metadata: ["payment_hash": "\(hash.hex)", "node": "\(node.name)", "error": "\(error)"])
      }
    }
  }

  /// - Throws: the error, when what failed for one will fail for all.
  func goPast(_ error: any Error) throws {
    if error is CancellationError { throw error }
    if let error = error as? NodeError, error.kind == .unavailable {
      health.nodeFailed(at: clock.now())
      throw error
    }
    if let error = error as? StoreError, error.kind == .unavailable || error.kind == .outcomeUnknown { throw error }
  }

  /// Takes in what the node says of an invoice.
  func take(_ state: InvoiceState, of hash: PaymentHash) async throws -> Learned {
    switch state {
    case .open:
      return .open
    case .accepted(let held):
      try await holds.accept(held, of: hash)
      return .accepted
    case .settled(let settlement):
      try await bookings.book(settlement, advancing: false)
      return .settled
    case .canceled:
      try await holds.isGone(hash, .canceled, reason: "the node has sent the payment back")
      return .gone
    case .expired:
      try await holds.isGone(hash, .expired, reason: "the node's time for it is over")
      return .gone
    }
  }
}
