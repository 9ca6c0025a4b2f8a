import Leasing
import Ledger
import Testing
import Units

@Suite struct LeaseQuoteTests {
  @Test func remindersAreSentOnceAndOnlyTheMostUrgentWhenLate() throws {
    var talk = try Conversation.active()
    var sent: [Notice.Kind] = []
    while talk.lease.wakesAt.map({ $0 < .start + .hour }) ?? false { sent += try talk.wake().notices }
    #expect(sent == [.renewal, .renewalHalf, .renewalTenth])

    var late = try Conversation.active()
    #expect(try late.say(.woke, after: 3_300).notices == [.renewalHalf])
    #expect(try late.say(.woke) == [])
    #expect(try late.say(.settled(.renewal(Terms.hourly.price))) == [])
    #expect(try late.say(.woke, after: 3_200).notices == [.renewal])
  }

  @Test func beforeSuspensionAndBeforeReclaimThereIsAWord() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    #expect(try talk.wake().notices == [.suspension])
    #expect(try talk.wake().names == ["suspend"])
    let effects = try talk.wake()
    #expect(effects.notices == [.reclaim])
    guard case .notice(let notice) = effects.first else {
      Issue.record("there is no notice")
      return
    }
    #expect(notice.amount == Millisatoshi(satoshis: 3_750))
    #expect(notice.deadline == .start + 7_350 + .hour)
  }

  @Test func aRenewalInvoiceEndsAMinuteBeforeTheNextStepAgainstTheRenter() throws {
    var talk = try Conversation.active()
    #expect(talk.lease.renewalInvoiceEnds(at: .start) == .start + 3_540)
    #expect(talk.lease.renewalInvoiceEnds(at: .start + 3_590) == .start + 3_650)
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    #expect(talk.lease.renewalInvoiceEnds(at: .start) == .start + 7_290)
    try talk.say(.evicting(until: .start + 1_000))
    #expect(talk.lease.renewalInvoiceEnds(at: .start) == .start + 940)
  }

  @Test func debtIsQuotedAsItIsNow() throws {
    var talk = try Conversation.renewed()
    try talk.say(.woke, after: .hour * 2)
    #expect(talk.lease.renewalAmount(periods: 1, at: talk.now + 100) == Millisatoshi(satoshis: 3_700))
    #expect(talk.lease.renewalAmount(periods: 1) == Millisatoshi(satoshis: 3_600))
  }

  @Test func nothingIsSoldPastAYearAndADay() throws {
    var terms = Terms.hourly
    terms.period = .day * 100
    terms.maxPeriods = 9
    let talk = try Conversation.active(terms)
    #expect(talk.lease.maySell(periods: 2, at: .start))
    #expect(talk.lease.maySell(periods: 3, at: .start) == false)
    #expect(talk.lease.maySell(periods: 3, at: .start + .day * 34))
    #expect(talk.lease.maySell(periods: 0, at: .start) == false)
    #expect(talk.lease.maySell(periods: .max, at: .start) == false)
    #expect(try Conversation.active().lease.maySell(periods: 25, at: .start) == false)
  }

  @Test func amountsThatDoNotFitAreNotQuoted() throws {
    var terms = Terms.hourly
    terms.price = Millisatoshi(.max - 5)
    #expect(terms.invoiceAmount(periods: 1) == nil)
    #expect(terms.invoiceAmount(periods: 3) == nil)
    #expect(Lease.quoted(terms).renewalAmount(periods: 1) == nil)
    #expect(try Conversation.active().lease.changeAmount(to: terms, at: .start) == nil)
    #expect(Lease.quoted().servingCeiling(invoiceEnds: .start, periods: .max, at: .start) > .distantFuture)
  }

  @Test func termsSayWhatIsWrongWithThem() {
    func fault(_ change: (inout Terms) -> Void) -> Terms.Fault? {
      var terms = Terms.hourly
      change(&terms)
      return terms.fault
    }
    #expect(Terms.hourly.fault == nil)
    #expect(Terms.metered.fault == nil)
    #expect(fault { $0.period = 0 } == .period)
    #expect(fault { $0.price = -1 } == .price)
    #expect(fault { $0.price = 0 } == .deposit)
    #expect(fault { $0.maxPeriods = 0 } == .maxPeriods)
    #expect(fault { $0.policy.lead = -1 } == .policy)
    #expect(fault { $0.policy.grace = 3_601 } == .grace)
    #expect(fault { $0.meters = [MeterPrice(meter: .cpu, unit: 0, included: 0, price: 0)] } == .meters)
    #expect(fault { $0.resources.pids = -1 } == .resources)
  }

  @Test func theStandardPolicyIsTheTableOfTimers() {
    let hour = Policy.standard(period: .hour)
    #expect([hour.lead, hour.grace, hour.retention] == [900, 150, 3_600])
    let minute = Policy.standard(period: 60)
    #expect([minute.lead, minute.grace, minute.retention] == [30, 60, 3_600])
    let month = Policy.standard(period: .day * 30)
    #expect([month.lead, month.grace, month.retention] == [.day * 7, .day, .day * 14])
  }

  @Test func everyStateHasAMomentToBeLookedAt() throws {
    var talk = Conversation()
    #expect(talk.lease.wakesAt == .start + 660)
    try talk.say(.settled(.purchase()))
    #expect(talk.lease.wakesAt == .start + 600)
    try talk.say(.provisioned(generation: 1))
    let first = try #require(talk.lease.wakesAt)
    #expect(first >= .start + 2_700)
    #expect(first <= .start + 2_790)
    try talk.say(.woke, after: .hour)
    #expect(talk.lease.wakesAt == talk.now + 1_350)
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    #expect(talk.lease.wakesAt == .distantFuture)
    try talk.say(.evicting(until: talk.now + 10))
    #expect(talk.lease.wakesAt == talk.now + 10)
    try talk.say(.woke, after: 10)
    #expect(talk.lease.wakesAt == nil)
  }
}
