import Ledger
import Testing
import Units

@Suite struct LeaseAccountTests {
  static let id = AccountTests.id
  static let start = Instant(unixSeconds: 1_700_000_000)

  /// What the books say of the lease and of its credit.
  private func sums(_ transfers: [Transfer]) -> (lease: Millisatoshi, credit: Millisatoshi) {
    func sum(_ account: Account) -> Millisatoshi {
      transfers.reduce(into: .zero) { sum, transfer in
        if transfer.credit == account { sum += transfer.amount }
        if transfer.debit == account { sum -= transfer.amount }
      }
    }
    return (sum(.lease(Self.id)), sum(.credit(Self.id)))
  }

  @Test func theAccountMirrorsTheBooksWhateverHappens() throws {
    let hash = String(repeating: "ab", count: 32)
    for _ in 0..<300 {
      var account = LeaseAccount(
        rate: Rate(Millisatoshi(.random(in: 0...9_999)), perMicroseconds: .random(in: 1...9_999)))
      var transfers: [Transfer] = []
      var now = Self.start
      for _ in 0..<40 {
        now = now.advanced(byMicroseconds: .random(in: -50...9_000))
        switch Int.random(in: 0..<11) {
        case 0: account.start(at: now)
        case 1: account.stop()
        case 2: transfers += account.pay(for: Self.id, Millisatoshi(.random(in: 0...99_999)))
        case 3: transfers += account.payLate(for: Self.id, Millisatoshi(.random(in: 0...99_999)))
        case 4: transfers += account.chargeUsage(for: Self.id, Millisatoshi(.random(in: -9...99_999)))
        case 5: account.setRate(Rate(Millisatoshi(.random(in: 0...9_999)), perMicroseconds: .random(in: 1...9_999)))
        case 6:
          if let out = account.payOut(for: Self.id, Millisatoshi(.random(in: -5...50_000)), paymentHash: hash) {
            transfers.append(out)
            if Bool.random() { transfers.append(account.takeBack(for: Self.id, out.amount, paymentHash: hash)) }
          }
        case 7:
          if let out = account.giveCredit(for: Self.id, Millisatoshi(.random(in: -5...50_000)), move: hash) {
            transfers.append(out)
            if Bool.random() { transfers.append(account.receiveCredit(for: Self.id, out.amount, move: hash)) }
          }
        case 8: transfers += account.forfeitCredit(for: Self.id)
        default: transfers += account.chargeTime(for: Self.id, to: now, allowingDebt: .random())
        }
        let books = sums(transfers)
        #expect(books.lease == account.balance)
        #expect(books.credit == account.credit)
        #expect(account.credit >= .zero)
      }
      transfers += account.close(for: Self.id)
      #expect(account.balance == .zero)
      #expect(sums(transfers).lease == .zero)
      #expect(sums(transfers).credit == account.credit)
    }
  }

  @Test func paidUntilIsTheFirstMomentWithNothingLeft() throws {
    var account = LeaseAccount(rate: Rate(3_600_000, per: .hour))
    #expect(account.paidUntil == nil)
    account.start(at: Self.start)
    #expect(account.paidUntil == Self.start)
    _ = account.pay(for: Self.id, 3_600_000)
    #expect(account.paidUntil == Self.start + .hour)
    _ = account.chargeTime(for: Self.id, to: Self.start + .minute, allowingDebt: true)
    #expect(account.paidUntil == Self.start + .hour)
  }

  @Test func withoutDebtTheChargeEndsWhereTheBalanceDoes() {
    var account = LeaseAccount(rate: Rate(3_600_000, per: .hour), balance: 60_000, chargedTo: Self.start)
    let charged = account.chargeTime(for: Self.id, to: Self.start + .hour, allowingDebt: false)
    #expect(charged == [Transfer(from: .lease(Self.id), to: .revenueTime, 60_000, cause: .time)])
    #expect(account.chargedTo == Self.start + .hour)
  }

  @Test func aClockThatRanBackwardsChargesNothing() {
    var account = LeaseAccount(rate: Rate(1_000, per: 1), balance: 60_000, chargedTo: Self.start)
    #expect(account.chargeTime(for: Self.id, to: Self.start - .minute, allowingDebt: true) == [])
    #expect(account.chargedTo == Self.start)
  }

  @Test func debtIsCoveredByTheNextPaymentFirst() {
    var account = LeaseAccount(rate: Rate(1_000, per: 1), balance: -5_000)
    #expect(account.debt == 5_000)
    _ = account.pay(for: Self.id, 7_000)
    #expect(account.balance == 2_000)
  }

  @Test func moreThanThereIsIsNeverPaidOut() {
    var account = LeaseAccount(rate: .free, credit: 5_000)
    #expect(account.payOut(for: Self.id, 5_001, paymentHash: "") == nil)
    #expect(account.payOut(for: Self.id, 0, paymentHash: "") == nil)
    #expect(account.payOut(for: Self.id, 5_000, paymentHash: "")?.amount == 5_000)
    #expect(account.credit == .zero)
  }

  @Test func usageNeverOwesMoreThanThereIs() {
    var account = LeaseAccount(rate: .free, balance: 1_000)
    for _ in 0..<3 { _ = account.chargeUsage(for: Self.id, Millisatoshi(.max)) }
    #expect(account.debt == .supply)
  }

  @Test func aBalanceThatOutlastsEveryMomentHasNoEnd() {
    let account = LeaseAccount(rate: Rate(1, per: .day * 366), balance: .supply, chargedTo: Self.start)
    #expect(account.paidUntil == nil)
  }

  /// However an interval is cut, and whatever the rates between which it is changed, what is charged is the whole
  /// millisatoshis of the exact sum.
  @Test func anySequenceOfRatesChargesTheExactSum() {
    let spans: [Int64] = [Seconds.hour, .day, .day * 7, .minute, 20].map(\.microseconds)
    let whole = Int128(Seconds.day.microseconds) * 7
    for _ in 0..<200 {
      func rate() -> Rate { Rate(Millisatoshi(.random(in: 0...99)), perMicroseconds: spans.randomElement() ?? 1) }
      var account = LeaseAccount(rate: rate(), balance: .supply, chargedTo: Self.start)
      var now = Self.start
      var used: Int128 = 0
      for _ in 0..<200 {
        let span = Int64.random(in: 0...3_000_000_000)
        now = now.advanced(byMicroseconds: span)
        used += Int128(span) * Int128(account.rate.amount.count) * (whole / Int128(account.rate.microseconds))
        _ = account.chargeTime(for: Self.id, to: now, allowingDebt: true)
        #expect(Int128((Millisatoshi.supply - account.balance).count) == used / whole)
        if Bool.random() { account.setRate(rate()) }
      }
    }
  }

  /// Rates that nothing divides: what is lost is less than a millisatoshi's 2⁵⁰th part, and never the renter's.
  @Test func ratesWithoutACommonMeasureLoseNothingWorthWhile() {
    var account = LeaseAccount(rate: Rate(1, perMicroseconds: 7), balance: .supply, chargedTo: Self.start)
    var now = Self.start
    // In Double, whose error over so many additions is far below the half that is asked about.
    var used = 0.0
    for _ in 0..<20_000 {
      let span = Int64.random(in: 0...9)
      now = now.advanced(byMicroseconds: span)
      used += Double(span) * Double(account.rate.amount.count) / Double(account.rate.microseconds)
      _ = account.chargeTime(for: Self.id, to: now, allowingDebt: true)
      account.setRate(Rate(Millisatoshi(.random(in: 1...99)), perMicroseconds: .random(in: 100...(1 << 50))))
      #expect(account.remainder < account.rate.microseconds)
    }
    #expect(abs(Double((Millisatoshi.supply - account.balance).count) - used) < 1.001)
  }

  @Test func aDebtIsCoveredByCreditBeforeItIsWrittenOff() {
    var account = LeaseAccount(rate: .free, balance: -700, credit: 500)
    #expect(account.freeCredit == .zero)
    #expect(account.payOut(for: Self.id, 1, paymentHash: "") == nil)
    #expect(
      account.close(for: Self.id) == [
        Transfer(from: .credit(Self.id), to: .lease(Self.id), 500, cause: .debt),
        Transfer(from: .writeoff, to: .lease(Self.id), 200, cause: .badDebt),
      ])
  }
}
