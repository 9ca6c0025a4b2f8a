import ArgumentParser
import Client
import Foundation
import Units
import Wallets
import Wire

struct PayCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pay", abstract: "Pay an invoice from the wallet, within the budget.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions
  @Argument(help: "BOLT 11, with an amount.") var invoice: String

  func run() async throws {
    try await Session.run(options, .paying(payment)) { session in
      let preimage = try await session.client.pay(invoice: invoice)
      session.put(PreimageDocument(preimage: preimage)) { "preimage  \(preimage)\n" }
    }
  }
}

struct BudgetCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "budget", abstract: "What the wallet may spend without asking.",
    discussion: """
      Without options, shows it. 0 allows nothing; 'none' sets no bound. Until it is set, 1,000 sat a payment and 10,000 \
      sat in 24 hours; where the wallet's configuration sets a bound too, the stricter holds.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var source: WalletOptions
  @Option(help: ArgumentHelp("The most within any 24 hours, in sat, or 'none'.", valueName: "sat")) var perDay: String?
  @Option(help: ArgumentHelp("The most for one payment, in sat, or 'none'.", valueName: "sat")) var perPayment: String?

  struct Document: Codable {
    var perDay: Int64?
    var perPayment: Int64?
    var spent: Int64

    enum CodingKeys: String, CodingKey {
      case perDay = "per_day_msat"
      case perPayment = "per_payment_msat"
      case spent = "spent_msat"
    }
  }

  func run() async throws {
    let state = try options.openState()
    let configured = try ChosenWallet(options, source).configuration.budget
    if perDay != nil || perPayment != nil {
      var budget = try state.budget()
      if let perDay { budget.perDay = try Self.read(perDay) }
      if let perPayment { budget.perPayment = try Self.read(perPayment) }
      try state.setBudget(budget)
    }
    let budget = try state.budget(configured)
    let spent = try state.spendings().spent(at: LeaseholdClient.systemClock()).count
    try await Session.run(options) { session in
      session.put(
        Document(perDay: budget.perDay?.count, perPayment: budget.perPayment?.count, spent: spent)
      ) {
        Table.facts(Self.facts(budget, spent: spent))
      }
    }
  }

  /// The one truth about what may be spent, and was.
  static func facts(_ budget: Budget, spent: Int64) -> [(String, String?)] {
    [
      ("per payment", budget.perPayment.map { Human.sats($0.count) } ?? "no bound"),
      ("per day", budget.perDay.map { Human.sats($0.count) } ?? "no bound"),
      ("spent in 24 h", Human.sats(spent)),
    ]
  }

  private static func read(_ text: String) throws -> Millisatoshi? {
    if text == "none" { return nil }
    guard let sats = Int64(text), (0...2_100_000_000_000_000).contains(sats) else {
      throw Complaint.usage("'\(text)' is neither a number of satoshis nor 'none'")
    }
    return Millisatoshi(satoshis: sats)
  }
}

struct RecoverCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "recover", abstract: "Go on with payments that an earlier run left unfinished.",
    discussion: "Asks the wallet what became of them, and the server whether they arrived; pays nothing.")

  @OptionGroup var options: GlobalOptions
  @OptionGroup var payment: PaymentOptions

  struct Item: Hashable, Codable {
    var paymentHash: String?
    var lease: String?
    var error: String?

    enum CodingKeys: String, CodingKey {
      case paymentHash = "payment_hash"
      case lease
      case error
    }
  }

  func run() async throws {
    try await Session.run(options, .paying(payment)) { session in
      var failed = false
      var items: [Item] = []
      for (purchase, outcome) in try await session.client.recover() {
        switch outcome {
        case .success(let lease): items.append(Item(paymentHash: purchase.paymentHash, lease: lease.id))
        case .failure(let error):
          failed = true
          items.append(Item(paymentHash: purchase.paymentHash, lease: purchase.lease, error: "\(error)"))
        }
      }
      session.put(ListDocument(items: items)) {
        guard !items.isEmpty else { return "nothing to recover\n" }
        var table = Table("PAYMENT", "LEASE", "")
        for item in items { table.add([item.paymentHash ?? "-", item.lease ?? "-", item.error ?? "recovered"]) }
        return table.text
      }
      if failed { throw ExitCode(ExitStatus.failed.rawValue) }
    }
  }
}
