import Foundation
import Synchronization
import Testing
import Units
import Wallets
import Wire

@testable import Client
@testable import RenterKit

@Suite struct AutopayTests {
  /// A lease that is paid for so many seconds more.
  private func lease(_ bench: Bench, paidFor seconds: Int64, period: Int64 = 60) async throws -> String {
    let lease = try await bench.rent()
    bench.upset {
      $0.period = period
      $0.terms[lease.id] = Shop.Term(paidUntil: LeaseholdClient.systemClock() + Seconds(seconds))
    }
    return lease.id
  }

  private func renewals(_ bench: Bench, _ lease: String) -> Int? {
    bench.shop.state.withLock { $0.terms[lease]?.renewals }
  }

  private final class Notes: Sendable {
    private let notes = Mutex<[AutopayEvent]>([])
    var events: [AutopayEvent] { notes.withLock { $0 } }
    var kinds: [AutopayEvent.Kind] { events.map(\.event) }
    func add(_ event: AutopayEvent) { notes.withLock { $0.append(event) } }
  }

  @Test func renewsInsideTheLeadAndOnce() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 3)
      let notes = Notes()
      let failures = try await bench.client { client in
        let autopay = Autopay(client: client, rules: AutopayRules(), tell: notes.add)
        return await autopay.once([id]) + autopay.once([id])
      }
      #expect(failures.isEmpty)
      #expect(renewals(bench, id) == 1)
      #expect(notes.kinds == [.renewed, .waiting])
      #expect(notes.events.first?.amountMsat == bench.shop.price)
      let next = try #require(notes.events.last?.nextAt?.instant)
      let paidUntil = try #require(notes.events.last?.paidUntil?.instant)
      #expect(next < paidUntil)
      #expect(next >= paidUntil - 15)
    }
  }

  @Test func oneLeasesDamagedFileLeavesTheOthersAlone() async throws {
    try await Bench.run { bench in
      let damaged = try await lease(bench, paidFor: 3)
      let whole = try await lease(bench, paidFor: 3)
      try Data("{".utf8).write(to: URL(fileURLWithPath: "\(bench.folder.path)/leases/\(damaged).json"))
      let living = try bench.state.livingLeases(of: #require(ServerAddress(bench.server.address)))
      #expect(living == [whole, damaged])
      let failures = try await bench.client { await Autopay(client: $0, rules: AutopayRules()).once(living) }
      #expect(failures.map(\.lease) == [damaged])
      #expect(failures.allSatisfy { "\($0.error)".contains("is damaged") })
      #expect(renewals(bench, whole) == 1)
      #expect(renewals(bench, damaged) == 0)
      let address = try #require(ServerAddress(bench.server.address))
      #expect(try bench.state.storedLeases(of: address).map(\.lease) == [whole])
    }
  }

  @Test func leavesAloneWhatIsPaidForLong() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 3_600)
      let notes = Notes()
      _ = try await bench.client { await Autopay(client: $0, rules: AutopayRules(), tell: notes.add).once([id]) }
      #expect(renewals(bench, id) == 0)
      #expect(notes.events.map(\.reason) == [.notDue])
    }
  }

  @Test func twoKeepersOfOneLeaseRenewItOnce() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 3)
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 {
          group.addTask {
            _ = try await bench.client { await Autopay(client: $0, rules: AutopayRules()).once([id]) }
          }
        }
        try await group.waitForAll()
      }
      #expect(renewals(bench, id) == 1)
      #expect(bench.payments.count == 2)
    }
  }

  @Test func aServerThatStillShowsTheOldTimeIsNotPaidAgain() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 3)
      let before = try #require(bench.shop.state.withLock { $0.terms[id] })
      let notes = Notes()
      try await bench.client { client in
        let autopay = Autopay(client: client, rules: AutopayRules(), tell: notes.add)
        _ = await autopay.once([id])
        bench.upset { $0.terms[id] = before }
        _ = await autopay.once([id])
      }
      #expect(notes.events.map(\.reason) == [nil, .alreadyPaid])
      #expect(bench.payments.count == 2)
    }
  }

  @Test func refusesAboveTheBudgetAndSaysSo() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 3)
      let notes = Notes()
      let budget = Budget(perPayment: Millisatoshi(bench.shop.price - 1))
      let failures = try await bench.client(budget: budget) {
        await Autopay(client: $0, rules: AutopayRules(), tell: notes.add).once([id])
      }
      #expect(failures.count == 1)
      #expect(notes.kinds == [.refused])
      #expect(notes.events.first?.detail?.contains("over budget") == true)
      #expect(notes.events.first?.nextAt != nil)
      #expect(renewals(bench, id) == 0)
      let limited = try await bench.client {
        await Autopay(client: $0, rules: AutopayRules(limit: 1)).once([id])
      }
      guard case .overLimit = limited.first?.error else { Issue.record("\(limited)"); return }
    }
  }

  @Test func bringsBackWhatHadRunOut() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: -5)
      bench.upset {
        $0.terms[id]?.state = "suspended"
        $0.terms[id]?.cause = "unpaid"
      }
      _ = try await bench.client { await Autopay(client: $0, rules: AutopayRules()).once([id]) }
      #expect(bench.shop.state.withLock { $0.terms[id]?.state } == "active")
    }
  }

  @Test func periodsAreCountedOverAllRuns() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 1)
      let notes = Notes()
      for _ in 0..<3 {
        bench.upset { $0.terms[id]?.paidUntil = LeaseholdClient.systemClock() + 1 }
        _ = try await bench.client {
          await Autopay(client: $0, rules: AutopayRules(maxPeriods: 2), tell: notes.add).once([id])
        }
      }
      #expect(notes.kinds == [.renewed, .renewed, .finished])
      #expect(renewals(bench, id) == 2)
      try await bench.client {
        let autopay = Autopay(client: $0, rules: AutopayRules(maxPeriods: 2), tell: notes.add)
        try await autopay.startOver(id)
        _ = await autopay.once([id])
      }
      #expect(renewals(bench, id) == 3)
    }
  }

  @Test func goesOnByItselfOnTimeUntilItMayBuyNoMore() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 2, period: 2)
      let notes = Notes()
      _ = try await bench.client {
        try await Autopay(client: $0, rules: AutopayRules(maxPeriods: 2), tell: notes.add).run([id])
      }
      #expect(renewals(bench, id) == 2)
      #expect(notes.events.filter { $0.event == .renewed }.count == 2)
      #expect(notes.events.last?.reason == .enoughPeriods)
      for event in notes.events where event.event == .renewed {
        // Late is what a busy machine makes of it; early would be a mistake of ours.
        let before = try #require(event.paidUntil?.instant) - 2
        #expect(event.at.instant >= before - 1)
      }
    }
  }

  @Test func anEventWakesIt() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 86_400, period: 86_400)
      let shop = bench.shop
      let notes = Notes()
      try await bench.client {
        let autopay = Autopay(client: $0, rules: AutopayRules(maxPeriods: 1)) { event in
          notes.add(event)
          guard event.event == .waiting else { return }
          shop.state.withLock { state in
            state.terms[id]?.state = "suspended"
            state.terms[id]?.cause = "unpaid"
            state.terms[id]?.version += 1
          }
        }
        try await autopay.run([id])
      }
      #expect(Array(notes.kinds.prefix(2)) == [.waiting, .renewed])
      #expect(renewals(bench, id) == 1)
    }
  }

  @Test func aServerThatIsAwayIsTriedAgain() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: 60)
      bench.trap.set(talk: 1, .before)
      let notes = Notes()
      let trap = bench.trap
      try await bench.client {
        let autopay = Autopay(client: $0, rules: AutopayRules(maxPeriods: 0)) { event in
          notes.add(event)
          // Back again once its absence was noticed; the files need no going back.
          if event.event == .failed { trap.revive() }
        }
        bench.upset { $0.terms[id]?.paidUntil = LeaseholdClient.systemClock() + 1 }
        try await autopay.run([id])
      }
      #expect(notes.kinds == [.failed, .finished])
      #expect(notes.events.first?.nextAt != nil)
    }
  }

  @Test func aLeaseThatIsOverIsLetGo() async throws {
    try await Bench.run { bench in
      let id = try await lease(bench, paidFor: -60)
      bench.upset { $0.terms[id]?.state = "closed" }
      let notes = Notes()
      _ = try await bench.client { try await Autopay(client: $0, rules: AutopayRules(), tell: notes.add).run([id]) }
      #expect(notes.events.map(\.reason) == [.over])
      #expect(bench.payments.count == 1)
    }
  }

  @Test func whatFailsIsTriedAgainWellBeforeTheLeaseIsWorseOff() {
    let now = Instant(unixSeconds: 1_000_000)
    var trouble = Autopay.Trouble(failures: 20, deadlines: [now + 400, now + 4_000])
    #expect(trouble.delay(at: now) == 100)
    // Suspended already: the reclaim is what counts.
    #expect(trouble.delay(at: now + 400) == 600)
    #expect(trouble.delay(at: now + 3_980) == 5)
    #expect(trouble.delay(at: now + 3_999) == 1)
    // Nobody has seen it yet.
    trouble.deadlines = []
    #expect(trouble.delay(at: now) == 60)
    trouble.failures = 0
    #expect(trouble.delay(at: now) == 5)
  }

  @Test func aLeaseThatWasLostIsToldOneThatWasGivenBackIsNot() async throws {
    for (cause, isLost) in [("retention", true), ("eviction", true), ("release", false)] {
      try await Bench.run { bench in
        let id = try await lease(bench, paidFor: -60)
        bench.upset {
          $0.terms[id]?.state = "closed"
          $0.terms[id]?.cause = cause
        }
        let lost = try await bench.client { try await Autopay(client: $0, rules: AutopayRules()).run([id]) }
        #expect(lost == (isLost ? [id] : []), "\(cause)")
      }
    }
  }

  @Test func aServerThatHasLostItsKeysIsNotAskedForEver() async throws {
    for code in ["credential-retired", "credential-forged", "credential-revoked"] {
      try await Bench.run { bench in
        let id = try await lease(bench, paidFor: 3)
        bench.upset { $0.refusal = (401, code) }
        let lost = try await bench.client { try await Autopay(client: $0, rules: AutopayRules()).run([id]) }
        #expect(lost == [id], "\(code)")
      }
    }
  }
}
