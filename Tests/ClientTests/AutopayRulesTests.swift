import Testing
import Units
import Wire

@testable import Client

@Suite struct AutopayRulesTests {
  private let now = Instant(unixSeconds: 1_800_000_000)
  private let id = "01hzxk5q8ry7v3t2w9n4m6b1cd"

  private func lease(_ state: String, _ change: (inout LeaseDocument) -> Void = { _ in }) -> LeaseDocument {
    var lease = LeaseDocument(
      id: id, kind: "disk", offer: "o", state: state,
      flags: LeaseFlags(frozen: false, protected: false, impaired: false), version: 1, generation: 1,
      createdAt: Timestamp(now - .day), paidUntil: Timestamp(now + .hour), balanceMsat: 100, debtMsat: 0,
      creditMsat: 0, rate: RateDocument(priceMsat: 100, periodSeconds: 3_600), next: [],
      resources: ResourcesDocument(diskBytes: 1), links: [:])
    change(&lease)
    return lease
  }

  private var record: AutopayRecord { AutopayRecord(lease: id, server: .standard) }

  private func decide(
    _ lease: LeaseDocument, _ rules: AutopayRules = AutopayRules(), deposit: Millisatoshi? = nil,
    _ record: AutopayRecord? = nil, at moment: Instant? = nil
  ) -> AutopayDecision {
    rules.decide(
      lease, AutopayRules.Terms(lead: 900, deposit: deposit), record ?? self.record, at: moment ?? now)
  }

  @Test func eachStateHasItsAnswer() {
    #expect(decide(lease("provisioning")) == .wait(until: now + 10, .beingMade))
    #expect(decide(lease("closed")) == .finished(.over))
    #expect(decide(lease("reclaiming") { $0.cause = "release" }) == .finished(.over))
    #expect(decide(lease("active") { $0.flags.frozen = true }) == .wait(until: now + 600, .frozen))
    #expect(decide(lease("active") { $0.flags.impaired = true }) == .wait(until: now + 60, .impaired))
    #expect(
      decide(lease("active") { $0.flags.evictingUntil = Timestamp(now + 60) }) == .wait(until: now + 600, .beingEvicted)
    )
    #expect(decide(lease("suspended") { $0.cause = "operator" }) == .wait(until: now + 60, .suspendedByProvider))
    #expect(decide(lease("suspended") { $0.cause = "idle" }) == .wait(until: now + 600, .idle))
    #expect(decide(lease("suspended") { $0.resuming = true }) == .wait(until: now + 10, .resuming))
    for (state, cause) in [("suspended", "unpaid"), ("reclaiming", "retention"), ("grace", nil)] {
      guard case .renew = decide(lease(state) { $0.cause = cause }) else { Issue.record("\(state)"); continue }
    }
  }

  @Test func aRenewalFallsIntoTheFirstHalfOfTheLeadEachLeasesAtAMomentOfItsOwn() {
    let paidUntil = now + .hour
    var moments: Set<Instant> = []
    for number in 0..<200 {
      let moment = AutopayRules().renewal(
        of: "lease \(number)", paidUntil: paidUntil, period: .hour, AutopayRules.Terms(lead: 900))
      #expect(moment >= paidUntil - 900)
      #expect(moment < paidUntil - 450)
      moments.insert(moment)
    }
    #expect(moments.count > 190)
  }

  @Test func notBeforeItsMomentAndFromThenOn() {
    let moment = AutopayRules().renewal(
      of: id, paidUntil: now + .hour, period: .hour, AutopayRules.Terms(lead: 900))
    #expect(decide(lease("active")) == .wait(until: moment, .notDue))
    #expect(decide(lease("active"), at: moment - 1) == .wait(until: moment, .notDue))
    guard case .renew(let period) = decide(lease("active"), at: moment) else { Issue.record("not renewed"); return }
    guard case .renew(period) = decide(lease("active"), at: now + .hour) else { Issue.record("another"); return }
  }

  @Test func aLeadIsNeverOverHalfAPeriod() {
    #expect(AutopayRules(lead: 86_400).leadSpan(period: 10, .init()) == 5)
    #expect(AutopayRules(lead: 3).leadSpan(period: 10, .init(lead: 5)) == 3)
    #expect(AutopayRules().leadSpan(period: .day * 365, .init()) == .day * 7)
    #expect(AutopayRules().leadSpan(period: 1, .init()) == 1)
  }

  @Test func boundsAreKept() {
    let due = lease("grace")
    #expect(decide(due, AutopayRules(until: now + 60)) == .finished(.farEnough))
    #expect(decide(due, AutopayRules(maxPeriods: 0)) == .finished(.enoughPeriods))
    var paid = record
    paid.complete(paid.begin("p", periods: 3, paidUntil: nil), msat: 5)
    #expect(decide(due, AutopayRules(periods: 2, maxPeriods: 4), paid) == .finished(.enoughPeriods))
    guard case .renew(let period) = decide(due, AutopayRules(periods: 1, maxPeriods: 4), paid) else {
      Issue.record("one more is allowed")
      return
    }
    paid.complete(paid.begin(period, periods: 1, paidUntil: nil), msat: 5)
    #expect(decide(due, AutopayRules(), paid) == .wait(until: now + 10, .alreadyPaid))
  }

  @Test func aDepositIsToppedUpAtAQuarter() {
    let metered = lease("active") { $0.paidUntil = nil }
    #expect(decide(metered, deposit: 300) == .wait(until: now + 60, .notDue))
    #expect(decide(metered, deposit: 400) == .renew(period: "deposit-0"))
    #expect(decide(metered) == .wait(until: now + 60, .notDue))
  }

  @Test func anAttemptKeepsItsKeyUntilItIsComplete() {
    var record = record
    let first = record.begin("a", periods: 1, paidUntil: nil)
    #expect(record.begin("a", periods: 2, paidUntil: nil) == first)
    let other = record.begin("b", periods: 1, paidUntil: nil)
    #expect(other.idempotencyKey != first.idempotencyKey)
    #expect(other.idempotencyKey.utf8.count >= 22)
    record.complete(other, msat: 7)
    #expect(record.attempt == nil)
    #expect(record.periods == 1)
    #expect(record.spentMsat == 7)
  }
}
