import Leasing
import Ledger
import Testing
import Units

/// A wallet is asked with every reminder that money answers, and what came of it is told once.
@Suite struct LeasePullTests {
  @Test func everyReminderThatMoneyAnswersHasTheWalletAsked() throws {
    var talk = try Conversation.renewed()
    #expect(try talk.say(.walletSet(true)) == [])
    var asked: [String] = []
    while !talk.lease.isClosed, asked.count < 20 {
      let effects = try talk.wake()
      if effects.contains(.pull) { asked += effects.notices.map(\.rawValue) }
      for effect in effects {
        switch effect {
        case .resource(.closeMeters, let generation):
          #expect(talk.lease.flags.pulls == true)
          try talk.say(.metersClosed(generation: generation, unrated: .zero))
          try talk.say(.invoicesCanceled)
          try talk.say(.destroyed(generation: talk.lease.generation, receipt: ""))
        default: break
        }
      }
    }
    #expect(asked == ["renewal", "renewal_half", "renewal_tenth", "expired", "suspension", "reclaim"])
    #expect(talk.lease.isClosed && talk.lease.flags.pulls == nil, "it is gone at the close")
  }

  @Test func withoutAWalletNobodyIsAsked() throws {
    var talk = try Conversation.active()
    try talk.say(.walletSet(true))
    try talk.say(.walletSet(false))
    while talk.lease.wakesAt.map({ $0 < .start + .hour }) ?? false {
      #expect(try !talk.wake().contains(.pull))
    }
    #expect(try talk.say(.pullFailed(reason: "late")) == [], "what nobody wants to know is not told")
  }

  @Test func aWalletThatIsSetLateIsAskedAtOnce() throws {
    var talk = try Conversation.active()
    #expect(try talk.say(.walletSet(true), after: 2_699) == [])
    #expect(try talk.say(.walletSet(true), after: 1) == [.pull])
    // Whatever cannot be renewed takes none.
    try talk.say(.released)
    #expect(throws: Rejection.leaseReclaiming) { try talk.say(.walletSet(true)) }
    var quoted = Conversation()
    #expect(throws: Rejection.notPaidYet) { try quoted.say(.walletSet(true)) }
    var metered = try Conversation.active(.metered)
    #expect(try metered.say(.walletSet(true)) == [])
    #expect(try metered.say(.usageRated(750_000)).contains(.pull), "a quarter of the deposit is left")
  }

  @Test func whatCameOfItIsToldOnceUntilItIsPaid() throws {
    var talk = try Conversation.active()
    try talk.say(.walletSet(true))
    #expect(try talk.say(.pullFailed(reason: "away")) == [], "nothing was wanted yet")
    let told = try talk.say(.pullFailed(reason: "the wallet is away"), after: 2_800)
    #expect(
      told == [.notice(Notice(kind: .pull, deadline: .start + 3_600, amount: 3_600_000, reason: "the wallet is away"))])
    #expect(try talk.say(.pullFailed(reason: "still away"), after: 10) == [])
    try talk.say(.settled(.renewal(Terms.hourly.price)))
    #expect(try talk.say(.pullFailed(reason: "away"), after: 3_600).notices == [.pull])
    // Another wallet is another story.
    try talk.say(.walletSet(true))
    #expect(try talk.say(.pullFailed(reason: "this too")).notices == [.pull])
  }
}
