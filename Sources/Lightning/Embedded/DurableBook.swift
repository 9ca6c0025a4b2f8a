import Dispatch
import Engine
import L402
import Synchronization
import Units

/// The book and its journal, on a thread of their own. Nobody hears an answer before it is durable.
///
/// Commands that come while the disk is busy are decided together and written as one frame with one `fdatasync`, so
/// that many at once cost little more than one.
final class DurableBook: Sendable {
  /// Decides on the book, and returns what tells the caller, once the outcome of writing is known.
  private typealias Command = @Sendable (inout EmbeddedBook, Instant) -> @Sendable (NodeError?) -> Void

  private struct Inbox {
    var commands: [Command] = []
    var isDraining = false
  }

  private struct Contents: ~Copyable {
    var book: EmbeddedBook
    /// `nil` when closed, or when the disk failed in a way that leaves it unknown what is durable.
    var journal: Journal?
    var compactAt = 0
  }

  /// Unpaid invoices are remembered for this long after their expiry.
  private static let unpaidKept: Seconds = .day * 7
  private static let leastCompaction = 1 << 20

  private let clock: any WallClock
  private let queue = DispatchQueue(label: "leasehold.embedded-node")
  private let inbox = Mutex(Inbox())
  private let contents: Mutex<Contents>
  private let settlements: SettlementSignal
  /// What became of invoices, once it is durable.
  let watch = InvoiceWatch()

  init(_ directory: consuming StateDirectory, clock: any WallClock) throws(NodeError) {
    var journal = try Journal(in: directory)
    var book = try journal.replay()
    let now = clock.now()
    let before = book.records.count
    book.forgetUnpaid(expiredBefore: now - Self.unpaidKept)
    if book.records.count < before { try journal.compact(book) }
    self.clock = clock
    settlements = SettlementSignal(count: book.settlementCount)
    let compactAt = max(Self.leastCompaction, 2 * journal.length)
    contents = Mutex(Contents(book: book, journal: journal, compactAt: compactAt))
  }

  /// Runs `body` on the book and returns its answer when what it decided is durable.
  func perform<Answer: Sendable>(
    _ body: @escaping @Sendable (inout EmbeddedBook, Instant) throws(NodeError) -> Answer
  ) async throws(NodeError) -> Answer {
    let result = await withCheckedContinuation {
      (continuation: CheckedContinuation<Result<Answer, NodeError>, Never>) in
      enqueue { book, now in
        let result = Result { () throws(NodeError) in try body(&book, now) }
        return { failure in continuation.resume(returning: failure.map { .failure($0) } ?? result) }
      }
    }
    return try result.get()
  }

  /// Waits until more than `count` settlements are durable; `false` when the task was cancelled first.
  func waitForSettlement(beyond count: Int) async -> Bool { await settlements.wait(beyond: count) }

  /// Ends it: what comes later is answered with `.unavailable`, and the directory is free again.
  func close() {
    contents.withLock { $0.journal = nil }
    settlements.close()
    watch.close()
  }

  private func enqueue(_ command: @escaping Command) {
    let mustStart = inbox.withLock { inbox in
      inbox.commands.append(command)
      defer { inbox.isDraining = true }
      return !inbox.isDraining
    }
    if mustStart { queue.async { self.drain() } }
  }

  private func drain() {
    while true {
      let commands = inbox.withLock { inbox in
        let commands = inbox.commands
        inbox.commands = []
        inbox.isDraining = !commands.isEmpty
        return commands
      }
      if commands.isEmpty { return }
      let (replies, failure, settled, changed) = contents.withLock { decide(commands, in: &$0) }
      for reply in replies { reply(failure) }
      settlements.publish(settled)
      watch.publish(changed)
    }
  }

  private func decide(
    _ commands: [Command], in contents: inout Contents
  ) -> (replies: [@Sendable (NodeError?) -> Void], failure: NodeError?, settled: Int, changed: Set<PaymentHash>) {
    let now = clock.now()
    let replies = commands.map { $0(&contents.book, now) }
    let payload = contents.book.takeUnwritten()
    let changed = contents.book.takeChanged()
    var failure: NodeError?
    do throws(NodeError) {
      guard contents.journal != nil else {
        throw NodeError(.unavailable, attempted: "write the journal", words: "the node is closed")
      }
      if !payload.isEmpty { try contents.journal?.append(payload) }
    } catch {
      failure = error
      recover(&contents)
    }
    if failure == nil { compactIfLong(&contents, at: now) }
    return (replies, failure, contents.book.settlementCount, changed)
  }

  /// The book is ahead of the disk: it is read again. Where that fails too, the node stays shut until a restart.
  private func recover(_ contents: inout Contents) {
    do {
      guard contents.journal?.isMistrusted == false, let book = try contents.journal?.replay() else {
        contents.journal = nil
        return
      }
      contents.book = book
    } catch {
      contents.journal = nil
    }
  }

  /// A compaction that fails is tried again when the journal has doubled: the old one serves as well.
  private func compactIfLong(_ contents: inout Contents, at now: Instant) {
    guard let length = contents.journal?.length, length >= contents.compactAt else { return }
    var kept = contents.book
    kept.forgetUnpaid(expiredBefore: now - Self.unpaidKept)
    do {
      try contents.journal?.compact(kept)
      contents.book = kept
    } catch {
      if contents.journal?.isMistrusted != false { contents.journal = nil }
    }
    contents.compactAt = max(Self.leastCompaction, 2 * (contents.journal?.length ?? 0))
  }
}
