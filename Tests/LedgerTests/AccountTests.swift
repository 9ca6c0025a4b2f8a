import Ledger
import Testing

@Suite struct AccountTests {
  static let id = LeaseID(high: 0x0123_4567_89AB_7000, low: 0x8000_0000_0000_0001)

  @Test(arguments: [
    Account.node, .lease(id), .revenueTime, .revenueUsage, .credit(id),
    .payout(paymentHash: String(repeating: "0f", count: 32)), .move(String(repeating: "0f", count: 32)), .fees,
    .writeoff,
  ])
  func textComesBackAsItWas(_ account: Account) {
    #expect(Account(account.description) == account)
  }

  @Test(arguments: [
    "", "Node", "lease:", "lease:0", "credit", "revenue", "payout:", "payout:0f", "move:", "move:0f",
    "payout:" + String(repeating: "0F", count: 32), "payout:" + String(repeating: "zz", count: 32),
    "lease:80000000000000000000000000",
  ])
  func otherTextIsNoAccount(_ text: String) {
    #expect(Account(text) == nil)
  }
}
