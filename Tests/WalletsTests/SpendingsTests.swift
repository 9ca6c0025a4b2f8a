import Testing
import Units
import Wallets

@Suite struct SpendingsTests {
  private let noon = Instant(unixSeconds: 1_800_000_000)
  private let budget = Budget(perPayment: 1_000, perDay: 1_500)

  @Test func feesAreGrantedAsFarAsTheBudgetGoes() throws {
    var spendings = Spendings()
    #expect(try spendings.reserve(900, fee: 50, for: "a", within: budget, at: noon) == 50)
    #expect(try spendings.reserve(500, fee: 300, for: "b", within: budget, at: noon) == 50)
    #expect(throws: BudgetRefusal.overDay(asked: 1, left: 0, limit: 1_500)) {
      try spendings.reserve(1, for: "c", within: budget, at: noon)
    }
    #expect(throws: BudgetRefusal.overPayment(asked: 1_001, limit: 1_000)) {
      try spendings.reserve(1_001, for: "c", within: budget, at: noon)
    }
    // The same again is granted the same, and counts once.
    #expect(try spendings.reserve(500, fee: 300, for: "b", within: budget, at: noon) == 50)
    #expect(spendings.spent(at: noon) == 1_500)
  }

  @Test func whatWasNotSpentComesBackWhatWasDoesNot() throws {
    var spendings = Spendings()
    try spendings.reserve(900, fee: 50, for: "a", within: budget, at: noon)
    spendings.confirm("a", amount: 910)
    spendings.confirm("a", amount: 999)
    #expect(spendings.spent(at: noon) == 910)
    spendings.giveBack("a")
    #expect(spendings.spent(at: noon) == 910)
    try spendings.reserve(100, for: "b", within: budget, at: noon)
    spendings.giveBack("b")
    #expect(spendings.spent(at: noon) == 910)
  }

  @Test func aPaymentNobodyHeardOfAgainIsRememberedForAMonth() throws {
    var spendings = Spendings()
    try spendings.reserve(900, for: "lost", within: budget, at: noon)
    try spendings.reserve(100, for: "paid", within: budget, at: noon)
    spendings.confirm("paid", amount: 100)
    try spendings.reserve(1_000, for: "next", within: budget, at: noon + .day * 2)
    #expect(spendings.knows("lost"))
    #expect(!spendings.knows("paid"))
    try spendings.reserve(1, for: "later", within: budget, at: noon + .day * 40)
    #expect(!spendings.knows("lost"))
  }

  @Test func theStricterBudgetHolds() {
    let both = Budget(perPayment: 5).and(Budget(perPayment: 7, perDay: 9))
    #expect(both == Budget(perPayment: 5, perDay: 9))
    #expect(Budget().and(Budget()) == Budget())
  }
}
