import BOLT11
import Engine
import L402
import Macaroons
import Synchronization
import Units

/// What a protocol server knows: its invoices and payments, in memory that outlives the server, as a node's disk does.
///
/// Every invoice and preimage is real. Payments go to invoices of "somebody else", whom the book plays too.
public final class NodeBook: Sendable {
  public struct Entry: Sendable {
    public var label: String
    public var memo: String
    public var hash: PaymentHash
    /// `nil` for an invoice whose preimage the node has not been told.
    public var preimage: Preimage?
    public var bolt11: String
    public var amount: Millisatoshi
    public var createdAt: Instant
    public var expiry: Seconds
    public var addIndex: Int64
    public var state = State.open
    public var expiresAt: Instant { createdAt + expiry }
  }

  public enum State: Hashable, Sendable {
    case open
    case held
    case canceled
    case settled(index: Int64, at: Instant)
  }

  public struct Outgoing: Sendable {
    public enum State: Sendable { case pending, paid, failed }
    public var state: State
    public var bolt11: String
    public var amount: Millisatoshi
    public var preimage: Preimage
    public var fee: Millisatoshi
    public var createdAt: Instant
    /// Whether a channel holds money for it.
    public var hasHTLC = true
  }

  public enum Fate: Sendable { case paid, unroutable, slow }

  public enum Trouble: Error { case unknown, expired, canceled, alreadyPaid, exists, notHeld }

  private struct Stock {
    var key = NodeKey.random()
    var mistaken: [PaymentHash: PaymentHash] = [:]
    var entries: [PaymentHash: Entry] = [:]
    var order: [PaymentHash] = []
    var settled: [PaymentHash] = []
    var outgoing: [PaymentHash: Outgoing] = [:]
    var fates: [PaymentHash: Fate] = [:]
    var foreign: [PaymentHash: Preimage] = [:]
    /// How often money left, by payment hash.
    var spent: [PaymentHash: Int] = [:]
    var lastTime = Instant(microseconds: 0)
  }

  public var key: NodeKey { stock.withLock { $0.key } }
  public let clock: any WallClock
  public let changes = ChangeSignal()
  private let somebodyElse = NodeKey.random()
  private let stock = Mutex(Stock())

  public init(clock: any WallClock) {
    self.clock = clock
  }

  /// Another node stands behind the same server from now on.
  public func changeNode() { stock.withLock { $0.key = .random() } }

  // MARK: Invoices

  public var entries: [Entry] { stock.withLock { stock in stock.order.compactMap { stock.entries[$0] } } }
  /// In the order of their settlement.
  public var settled: [Entry] { stock.withLock { stock in stock.settled.compactMap { stock.entries[$0] } } }

  public subscript(hash: PaymentHash) -> Entry? {
    stock.withLock { stock in stock.entries[stock.mistaken[hash] ?? hash] }
  }

  /// Whoever asks for one invoice is shown another from now on.
  public func mistake(_ hash: PaymentHash, for other: PaymentHash) { stock.withLock { $0.mistaken[hash] = other } }

  public func isExpired(_ entry: Entry) -> Bool { entry.state == .open && clock.now() >= entry.expiresAt }

  public func create(
    label: String = "", isUnique: Bool = false, memo: String, carrying subject: Invoice.Subject? = nil,
    amount: Millisatoshi,
    expiry: Seconds, preimage: Preimage? = .random(), hash: PaymentHash? = nil
  ) throws -> Entry {
    guard let hash = hash ?? preimage?.paymentHash else { throw Trouble.unknown }
    let now = Instant(unixSeconds: clock.now().unixSeconds)
    let draft = InvoiceDraft(
      network: .regtest, amount: amount, timestamp: now, paymentHash: hash.bytes.array,
      paymentSecret: Preimage.random().bytes.array, subject: subject ?? .description(memo), expiry: expiry,
      minFinalCLTV: 18)
    let invoice = try draft.sign(with: key)
    let entry = try stock.withLock { stock in
      guard stock.entries[hash] == nil, !isUnique || !stock.entries.values.contains(where: { $0.label == label }) else {
        throw Trouble.exists
      }
      let entry = Entry(
        label: label, memo: memo, hash: hash, preimage: preimage, bolt11: invoice.text, amount: amount, createdAt: now,
        expiry: expiry, addIndex: Int64(stock.order.count) + 1)
      stock.entries[hash] = entry
      stock.order.append(hash)
      return entry
    }
    changes.ring()
    return entry
  }

  /// Deletes, as Core Lightning does.
  public func delete(_ hash: PaymentHash) { stock.withLock { $0.entries[hash] = nil } }

  public func cancel(_ hash: PaymentHash) throws {
    try stock.withLock { stock in
      guard let entry = stock.entries[hash] else { throw Trouble.unknown }
      if case .settled = entry.state { throw Trouble.alreadyPaid }
      stock.entries[hash]?.state = .canceled
    }
    changes.ring()
  }

  /// A renter pays. What the node can settle it settles; a hold invoice is held.
  public func payIn(_ bolt11: String) throws -> Preimage? {
    let invoice = try Invoice.parse(bolt11)
    let now = clock.now()
    let preimage = try stock.withLock { stock in
      guard let hash = PaymentHash(invoice.paymentHash), let entry = stock.entries[hash] else { throw Trouble.unknown }
      switch entry.state {
      case .settled: return entry.preimage
      case .canceled: throw Trouble.canceled
      case .held: return nil
      case .open: break
      }
      guard now < entry.expiresAt else { throw Trouble.expired }
      guard let preimage = entry.preimage else {
        stock.entries[hash]?.state = .held
        return nil
      }
      Self.settle(hash, &stock, now)
      return preimage
    }
    changes.ring()
    return preimage
  }

  public func settleHeld(_ preimage: Preimage) throws {
    let now = clock.now()
    try stock.withLock { stock in
      guard let entry = stock.entries[preimage.paymentHash] else { throw Trouble.unknown }
      if case .settled = entry.state { throw Trouble.alreadyPaid }
      guard entry.state == .held else { throw Trouble.notHeld }
      stock.entries[entry.hash]?.preimage = preimage
      Self.settle(entry.hash, &stock, now)
    }
    changes.ring()
  }

  private static func settle(_ hash: PaymentHash, _ stock: inout Stock, _ now: Instant) {
    // No two at one millisecond: what nodes order by time has an order the tests can name.
    stock.lastTime = max(now, stock.lastTime.advanced(byMicroseconds: 1_000))
    stock.settled.append(hash)
    stock.entries[hash]?.state = .settled(index: Int64(stock.settled.count), at: stock.lastTime)
  }

  // MARK: Payments

  /// An invoice of somebody else, and what will become of paying it.
  public func foreignInvoice(_ amount: Millisatoshi, fate: Fate = .paid) throws -> String {
    let preimage = Preimage.random()
    let draft = InvoiceDraft(
      network: .regtest, amount: amount, timestamp: clock.now(), paymentHash: preimage.paymentHash.bytes.array,
      paymentSecret: Preimage.random().bytes.array, subject: .description("refund"), expiry: 3_600, minFinalCLTV: 18)
    stock.withLock { stock in
      stock.foreign[preimage.paymentHash] = preimage
      stock.fates[preimage.paymentHash] = fate
    }
    return try draft.sign(with: somebodyElse).text
  }

  public func setFate(_ hash: PaymentHash, _ fate: Fate) { stock.withLock { $0.fates[hash] = fate } }

  public func outgoing(_ hash: PaymentHash) -> Outgoing? { stock.withLock { $0.outgoing[hash] } }
  public func timesPaid(_ hash: PaymentHash) -> Int { stock.withLock { $0.spent[hash] ?? 0 } }

  /// The node pays; a slow payment is left pending.
  public func payOut(_ bolt11: String) throws -> Outgoing {
    let invoice = try Invoice.parse(bolt11)
    let now = clock.now()
    defer { changes.ring() }
    return try stock.withLock { stock in
      guard let hash = PaymentHash(invoice.paymentHash), let amount = invoice.amount,
        let preimage = stock.foreign[hash] ?? stock.entries[hash]?.preimage
      else { throw Trouble.unknown }
      if let before = stock.outgoing[hash], before.state != .failed { throw Trouble.alreadyPaid }
      // A node may pay itself.
      if let own = stock.entries[hash] {
        guard own.state == .open, now < own.expiresAt else { throw Trouble.expired }
        Self.settle(hash, &stock, now)
      }
      let state: Outgoing.State =
        switch stock.fates[hash] ?? .paid {
        case .paid: .paid
        case .unroutable: .failed
        case .slow: .pending
        }
      let outgoing = Outgoing(
        state: state, bolt11: bolt11, amount: amount, preimage: preimage, fee: 1_000, createdAt: now)
      stock.outgoing[hash] = outgoing
      if state == .paid { stock.spent[hash, default: 0] += 1 }
      return outgoing
    }
  }

  /// The node was killed at the start of a payment: it is pending for ever, and no channel knows of it.
  public func strand(_ bolt11: String) throws {
    guard let hash = PaymentHash(try Invoice.parse(bolt11).paymentHash) else { throw Trouble.unknown }
    stock.withLock { stock in
      stock.outgoing[hash]?.state = .pending
      stock.outgoing[hash]?.hasHTLC = false
    }
    changes.ring()
  }

  /// The node was restored from a backup of when it had settled so many.
  public func restore(to count: Int) {
    stock.withLock { stock in
      for hash in stock.settled.dropFirst(count) { stock.entries[hash]?.state = .open }
      stock.settled = Array(stock.settled.prefix(count))
    }
  }

  /// The payments of ours that a channel holds money for.
  public var onTheirWay: [PaymentHash] {
    stock.withLock { $0.outgoing.filter { $0.value.state == .pending && $0.value.hasHTLC }.map(\.key) }
  }

  /// A slow payment arrives after all.
  public func finish(_ hash: PaymentHash) {
    stock.withLock { stock in
      guard stock.outgoing[hash]?.state == .pending else { return }
      stock.outgoing[hash]?.state = .paid
      stock.spent[hash, default: 0] += 1
    }
    changes.ring()
  }
}

/// Wakes those who wait for anything to change.
public final class ChangeSignal: Sendable {
  private struct State {
    var count = 0
    var next = 0
    var waiting: [Int: (seen: Int, CheckedContinuation<Void, Never>)] = [:]
  }
  private let state = Mutex(State())

  public init() {}

  public var count: Int { state.withLock { $0.count } }

  public func ring() {
    let woken = state.withLock { state in
      state.count += 1
      defer { state.waiting = [:] }
      return state.waiting.values.map(\.1)
    }
    for one in woken { one.resume() }
  }

  /// Returns when there are more than `seen`, or the task is cancelled.
  public func wait(beyond seen: Int) async {
    let id = state.withLock { state in
      defer { state.next += 1 }
      return state.next
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.count > seen || Task.isCancelled { return true }
          state.waiting[id] = (seen, continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiting.removeValue(forKey: id) }?.1.resume()
    }
  }
}

extension Invoice.Subject {
  /// Words that whoever pays has from elsewhere.
  static func hash(of words: String) -> Invoice.Subject {
    .descriptionHash(Array(words.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array)
  }

  /// Of 64 hex digits.
  init?(hex: String?) {
    guard let hash = hex.flatMap({ PaymentHash(hex: $0) }) else { return nil }
    self = .descriptionHash(hash.bytes.array)
  }

  /// Of words in hex.
  init?(ofHexed words: String?) {
    guard let digits = words.map({ Array($0) }), digits.count.isMultiple(of: 2) else { return nil }
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    self = .hash(of: String(decoding: bytes, as: UTF8.self))
  }
}
