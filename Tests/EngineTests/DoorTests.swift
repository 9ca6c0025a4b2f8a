import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

@Suite struct DoorTests {
  /// Runs two daemons that hear each other, and hands them over once both doors are trusted.
  private func pair(_ body: (Platform, Engine, Engine, ToldStore) async throws -> Void) async throws {
    try await Platform.with(connections: 10) { platform in
      let told = ToldStore(TestTimeStore(platform.postgres, clock: platform.clock))
      let two = platform.anotherEngine(on: told)
      try await two.prepare()
      try await platform.running([platform.engine, two]) {
        try await waits { platform.engine.doorCache.isTrusted && two.doorCache.isTrusted }
        try await body(platform, platform.engine, two, told)
      }
    }
  }

  @Test func aVerifiedRequestAsksNoDatabase() async throws {
    try await pair { platform, engine, _, _ in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let credential = try await renter.pay(quote)
      _ = try await engine.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
      try await platform.waits(for: quote.lease) { $0.state.name == .active }
      // Loops with something to do at this moment ask for themselves: the fewest of several rounds is the door's own.
      var fewest = Int.max
      for _ in 0..<20 {
        try await renter.open(quote.lease, credential)
        let before = platform.postgres.pool.statementCount
        for _ in 0..<100 {
          let admission = try await renter.open(quote.lease, credential)
          #expect(await admission.isStillServing())
          #expect(admission.mayGoOn())
        }
        fewest = min(fewest, platform.postgres.pool.statementCount - before)
        if fewest == 0 { break }
      }
      #expect(fewest == 0)
      // By the door's own clock, without anybody telling it.
      platform.clock.advance(by: 3_600)
      #expect(engine.doorCache.view(of: quote.lease) != nil)
      #expect(await refusal { try await renter.open(quote.lease, credential) } == "402")
    }
  }

  /// Told, not found out: the word is there before the listening connection has been round twice.
  @Test(.timeLimit(.minutes(5))) func whatOneDaemonRevokesOrSuspendsAnotherOpensNoMore() async throws {
    try await pair { platform, one, two, told in
      let renter = Renter(platform)
      let quote = try await renter.quote()
      let credential = try await renter.pay(quote)
      _ = try await one.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
      let id = quote.lease
      try await platform.waits(for: id) { $0.state.name == .active }
      let friend = try await one.narrow(id, caveats: ["leasehold_capabilities=read"], renter.caller(credential))
      let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
      let lent = try PresentedCredential(macaroon: friend.macaroon, preimage: shown.preimage).authorization
      try await renter.open(id, lent, .read, method: "GET", engine: two)
      try await one.revoke(friend.token, of: id, renter.caller(credential))
      var mark = told.count
      #expect(try await told.heartbeats(after: mark, before: .revoked(friend.token)) <= 2)
      try await waits {
        await refusal { try await renter.open(id, lent, .read, method: "GET", engine: two) } != "nothing"
      }
      #expect(
        await refusal { try await renter.open(id, lent, .read, method: "GET", engine: two) } == "401 credential-revoked"
      )
      let admission = try await renter.open(id, credential, engine: two)
      let suspended = try await one.operator.operate(.suspend, on: id, requestID: "1").lease
      mark = told.count
      #expect(try await told.heartbeats(after: mark, before: .lease(id, version: suspended.version)) <= 2)
      try await waits { !admission.mayGoOn() }
      #expect(await !admission.isStillServing())
      #expect(await refusal { try await renter.open(id, credential, engine: two) } == "403 lease-frozen")
    }
  }

  @Test func aDoorThatHearsNothingAsks() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      try await renter.open(id, credential)
      let two = platform.anotherEngine()
      try await two.prepare()
      let own = try #require(try await two.credential(of: renter.caller(credential)))
      try await platform.engine.revoke(own.token, of: id, renter.caller(credential))
      // It hears nothing of it, and does not believe itself.
      #expect(await refusal { try await renter.open(id, credential, engine: two) } == "401 credential-revoked")
    }
  }

  @Test func aViewThatWasOvertakenWhileItWasReadIsNotKept() async throws {
    let doors = DoorCache()
    doors.listenerIsAlive()
    let lease = Lease.quote(
      LeaseID(unixMilliseconds: 1, random: (1, 1)), Catalog.disk, hasCapacity: true,
      at: Instant(unixSeconds: 1_800_000_000))
    doors.beginReading(lease.id)
    doors.invalidate(lease.id, below: 1)
    doors.finishReading(lease.id, DoorView(lease))
    #expect(doors.view(of: lease.id) == nil)
    doors.beginReading(lease.id)
    doors.finishReading(lease.id, DoorView(lease))
    #expect(doors.view(of: lease.id)?.version == 0)
    doors.listenerWasLost()
    #expect(doors.view(of: lease.id) == nil)
    #expect(!doors.isTrusted)
    doors.listenerIsAlive()
    #expect(doors.view(of: lease.id) == nil)
  }
}

/// Lets something happen between two looks of an engine at its store: after the one with this number, counted from 1.
private final class InterruptedStore: Store {
  private let base: any Store
  private let number: Int
  private let interruption: @Sendable () async throws -> Void
  private let begun = Locked<Int>(0)

  init(_ base: any Store, after number: Int, _ interruption: @escaping @Sendable () async throws -> Void) {
    self.base = base
    self.number = number
    self.interruption = interruption
  }

  var interrupted: Bool { begun.withLock { $0 } >= number }

  func transaction<T: Sendable>(
    _ body: @escaping @Sendable (any StoreTransaction) throws -> T
  ) async throws -> T {
    let value = try await base.transaction(body)
    try await interruptIfDue()
    return value
  }

  func snapshot(_ question: SnapshotQuestion) async throws -> LeaseSnapshot? {
    let snapshot = try await base.snapshot(question)
    try await interruptIfDue()
    return snapshot
  }

  private func interruptIfDue() async throws {
    let count = begun.withLock { count in
      count += 1
      return count
    }
    if count == number { try await interruption() }
  }

  func changes() -> AsyncStream<StoreChange> { base.changes() }
  func databaseTime() async throws -> Instant { try await base.databaseTime() }
}

extension DoorTests {
  /// Paid is paid, at whichever of its looks the door is overtaken by the booking.
  @Test func aPaymentBookedWhileTheDoorLooksIsNeverAskedForAgain() async throws {
    for number in 1... {
      let isOver = Locked(false)
      try await Platform.with { platform in
        let renter = Renter(platform)
        let (id, credential) = try await renter.rent()
        try await platform.pass(3_601)
        let renewal = try await renter.demand { try await renter.open(id, credential) }
        let renewed = try await renter.pay(renewal)
        let store = InterruptedStore(TestTimeStore(platform.postgres, clock: platform.clock), after: number) {
          try await platform.engine.money.settlementFollower.bookNext()
          try await platform.settle()
        }
        let door = platform.anotherEngine("door", on: store)
        // Open, or not quite yet; never a second invoice.
        #expect(["nothing", "503"].contains(await refusal { try await renter.open(id, renewed, engine: door) }))
        if !store.interrupted { isOver.withLock { $0 = true } }
      }
      if isOver.withLock({ $0 }) {
        #expect(number > 3, "the door looks more than once")
        return
      }
    }
  }
}
