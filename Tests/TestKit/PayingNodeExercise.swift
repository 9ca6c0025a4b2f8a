import BOLT11
import Engine
import L402
import Testing
import Units

/// A node that pays, and somebody to be paid.
public protocol PayingNodeBench: LightningNodeBench {
  /// An invoice of somebody else, for 50 satoshis or what is asked.
  func foreignInvoice(_ amount: Millisatoshi, _ fate: PayeeFate) async throws -> String
  /// What was slow arrives.
  func finish(_ hash: PaymentHash) async throws
  /// What was unroutable has a way now.
  func open(_ hash: PaymentHash) async throws
  /// How often money left for it; `nil` where that cannot be known.
  func timesPaid(_ hash: PaymentHash) async throws -> Int?
  /// What can become of a payment here.
  static var fates: Set<PayeeFate> { get }
}

/// What becomes of paying an invoice.
public enum PayeeFate: Hashable, Sendable { case paid, unroutable, slow }

extension PayingNodeBench {
  public static var fates: Set<PayeeFate> { [.paid, .unroutable, .slow] }
}

/// What every ``PayingNode`` promises: once, and never without saying so.
public enum PayingNodeExercise: String, CaseIterable, Sendable {
  case pays
  case paysOnceHoweverOftenItIsAsked
  case paysOnceWhenAskedByManyAtOnce
  case knowsNothingOfWhatItNeverTried
  case saysWhatFailedAndTriesAgainWhenAsked
  case saysWhatIsUnderWay
  case refusesWhatIsNoInvoice

  /// Those that can be tried on a bench.
  public static func cases(on bench: (some PayingNodeBench).Type) -> [Self] {
    allCases.filter { exercise in exercise.fate.map { bench.fates.contains($0) } ?? true }
  }

  /// What has to become of a payment for this to be tried.
  private var fate: PayeeFate? {
    switch self {
    case .saysWhatFailedAndTriesAgainWhenAsked: .unroutable
    case .saysWhatIsUnderWay: .slow
    case .pays, .paysOnceHoweverOftenItIsAsked, .paysOnceWhenAskedByManyAtOnce, .knowsNothingOfWhatItNeverTried,
      .refusesWhatIsNoInvoice:
      nil
    }
  }

  public func run(on bench: some PayingNodeBench) async throws {
    let node = try #require(try await bench.node as? any PayingNode)
    let fee: Millisatoshi = 10_000
    func hash(_ invoice: String) throws -> PaymentHash {
      try #require(PaymentHash(try Invoice.parse(invoice).paymentHash))
    }
    switch self {
    case .pays:
      let invoice = try await bench.foreignInvoice(50_000, .paid)
      guard case .paid(let preimage, let cost) = try await node.pay(invoice, maxFee: fee) else {
        Issue.record("not paid")
        return
      }
      #expect(preimage.paymentHash == (try hash(invoice)))
      #expect(cost >= .zero)
      #expect(cost <= fee)
      #expect(try await node.payout(preimage.paymentHash) == .paid(preimage: preimage, fee: cost))

    case .paysOnceHoweverOftenItIsAsked:
      let invoice = try await bench.foreignInvoice(50_000, .paid)
      let first = try await node.pay(invoice, maxFee: fee)
      for _ in 0..<2 { #expect(try await node.pay(invoice, maxFee: fee) == first) }
      try await bench.restart()
      let again = try #require(try await bench.node as? any PayingNode)
      #expect(try await again.pay(invoice, maxFee: fee) == first)
      if let times = try await bench.timesPaid(hash(invoice)) { #expect(times == 1) }

    case .paysOnceWhenAskedByManyAtOnce:
      let invoice = try await bench.foreignInvoice(50_000, .paid)
      let answers = try await withThrowingTaskGroup(of: PayoutState.self) { group in
        for _ in 0..<8 { group.addTask { try await node.pay(invoice, maxFee: fee) } }
        return try await group.reduce(into: Set()) { $0.insert($1) }
      }
      #expect(answers.count == 1)
      if let times = try await bench.timesPaid(hash(invoice)) { #expect(times == 1) }

    case .knowsNothingOfWhatItNeverTried:
      let invoice = try await bench.foreignInvoice(50_000, .paid)
      #expect(try await node.payout(hash(invoice)) == nil)

    case .saysWhatFailedAndTriesAgainWhenAsked:
      try #require(type(of: bench).fates.contains(.unroutable))
      let invoice = try await bench.foreignInvoice(50_000, .unroutable)
      guard case .failed = try await node.pay(invoice, maxFee: fee) else {
        Issue.record("a payment without a way was not said to have failed")
        return
      }
      guard case .failed = try await node.payout(hash(invoice)) else {
        Issue.record("a failed payment is not remembered as such")
        return
      }
      try await bench.open(hash(invoice))
      guard case .paid = try await node.pay(invoice, maxFee: fee) else {
        Issue.record("what failed was not tried again")
        return
      }

    case .saysWhatIsUnderWay:
      try #require(type(of: bench).fates.contains(.slow))
      let invoice = try await bench.foreignInvoice(50_000, .slow)
      for _ in 0..<2 { #expect(try await node.pay(invoice, maxFee: fee) == .pending) }
      #expect(try await node.payout(hash(invoice)) == .pending)
      try await bench.finish(hash(invoice))
      guard case .paid = try await node.payout(hash(invoice)), case .paid = try await node.pay(invoice, maxFee: fee)
      else {
        Issue.record("what arrived at last is not said to be paid")
        return
      }
      if let times = try await bench.timesPaid(hash(invoice)) { #expect(times == 1) }

    case .refusesWhatIsNoInvoice:
      for text in ["", "lnbc", "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq"] {
        let error = await #expect(throws: NodeError.self) { _ = try await node.pay(text, maxFee: fee) }
        #expect(error?.kind == .cannotPay)
      }
    }
  }
}
