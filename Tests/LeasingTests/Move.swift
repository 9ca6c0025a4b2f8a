import Leasing
import Units

/// What can be done to a world: the alphabet of the walk.
enum Move: UInt8, CaseIterable, CustomStringConvertible {
  case pay, wakeWhenDue, shortStep, longStep, succeed, fail, release, use, outage, freeze, thaw, impair, recover
  case evict, operatorSuspend, operatorResume, idle, request
  // The random walks take these too.
  case keep, stale, upgrade, downgrade, refuseSize, clockBack, payTwice
  // And these, where payments are held.
  case payInVain, letGo, letGoSilently, takeEarly
  // And these, where there is credit.
  case payOut, payAllOut, giveCredit, spendHere, receiveCredit
  // And this anywhere.
  case compensate
  // And these, where a wallet is asked.
  case setWallet, pullFails
  // And these, where usage is dear.
  case limit, spend

  private static let names = [
    "pay", "wakeWhenDue", "shortStep", "longStep", "succeed", "fail", "release", "use", "outage", "freeze", "thaw",
    "impair", "recover", "evict", "operatorSuspend", "operatorResume", "idle", "request", "keep", "stale", "upgrade",
    "downgrade", "refuseSize", "clockBack", "payTwice", "payInVain", "letGo", "letGoSilently", "takeEarly",
    "payOut", "payAllOut", "giveCredit", "spendHere", "receiveCredit",
    "compensate", "setWallet", "pullFails", "limit", "spend",
  ]

  var description: String { Move.names[Int(rawValue)] }

  /// Those of which every sequence is walked deep.
  static let reduced: [Move] = [
    .pay, .wakeWhenDue, .longStep, .succeed, .fail, .release, .use, .outage, .freeze, .thaw, .impair, .evict,
  ]
  /// Those of which every sequence is walked less deep.
  static let most = Array(allCases.prefix { $0 != .keep })

  /// What a node that holds payments adds.
  static let holding: [Move] = [.payInVain, .letGo, .letGoSilently, .takeEarly]

  /// What credit adds, and what it meets on its way.
  static let credit: [Move] = [
    .payOut, .payAllOut, .giveCredit, .spendHere, .receiveCredit, .succeed, .fail, .pay, .wakeWhenDue, .longStep,
    .release, .use, .freeze, .thaw,
  ]

  func make(in world: inout World) throws {
    switch self {
    case .pay: try world.pay()
    case .wakeWhenDue:
      guard let next = world.lease.wakesAt, next < .distantFuture else { return }
      world.pass(to: next)
      try world.step(.woke)
    case .shortStep:
      world.pass(61)
      try world.step(.woke)
    case .longStep:
      world.pass(5_003)
      try world.step(.woke)
    case .succeed: try world.succeed()
    case .fail: try world.fail()
    case .release: try world.step(.released)
    case .use: try world.step(.usageRated(1_800_001))
    case .outage:
      let from = world.now
      world.pass(200)
      try world.step(.outage(from: from, to: world.now))
    case .freeze: try world.step(.frozen())
    case .thaw: try world.step(.thawed)
    case .impair: try world.step(.impaired(reason: "gone"))
    case .recover: try world.step(.recovered)
    case .evict:
      try world.step(.evicting(until: world.lease.flags.evictingUntil == nil ? world.now + 900 : nil))
    case .operatorSuspend: try world.step(.operatorSuspended())
    case .operatorResume: try world.step(.operatorResumed)
    case .idle: try world.step(.foundIdle)
    case .request: try world.step(.requested)
    case .keep: try world.step(.protected(!world.lease.flags.protected))
    case .stale: try world.hearStale()
    case .upgrade:
      guard !world.upgraded else { return }
      switch world.lease.state {
      case .quoted: return
      case .provisioning, .active, .grace, .suspended, .reclaiming, .closed: break
      }
      world.changedRate = true
      try world.pay(.change(.large))
      world.upgraded = world.lease.terms.offer == Terms.large.offer
    case .downgrade:
      guard world.upgraded else { return }
      try world.step(.changed(.hourly.idle(.suspend)))
      world.upgraded = world.lease.terms.offer == Terms.large.offer
    case .refuseSize:
      try world.refuseSize()
      world.upgraded = world.lease.terms.offer == Terms.large.offer
    case .clockBack:
      world.now = world.now - 30
      try world.step(.woke)
    case .payTwice:
      let again = Settlement(paymentHash: "p", amount: 5_000, excess: 3, purpose: .purchase)
      guard case .quoted = world.lease.state else {
        world.settled += 5_003
        try world.step(.settled(again))
        return
      }
    case .payInVain: try world.arrive(obstacle: "no capacity")
    case .letGo: try world.letGo(saying: true)
    case .letGoSilently: try world.letGo(saying: false)
    case .takeEarly: if world.htlc == .held { try world.take() }
    case .payOut: try world.askForPayout(40)
    case .payAllOut: try world.askForPayout(100)
    case .giveCredit: try world.giveCredit(toItself: false)
    case .spendHere: try world.giveCredit(toItself: true)
    case .receiveCredit: try world.receiveCredit()
    case .compensate: try world.compensate()
    case .setWallet: try world.step(.walletSet(world.lease.flags.pulls == nil))
    case .pullFails: try world.step(.pullFailed(reason: "away"))
    case .limit: try world.step(.limited(perDay: world.lease.limit == nil ? world.lease.leastLimit : nil))
    case .spend: try world.step(.usageRated(world.lease.leastLimit))
    }
  }
}
