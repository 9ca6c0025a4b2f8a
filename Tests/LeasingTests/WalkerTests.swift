import Leasing
import Testing
import Units

/// Every sequence of what can happen, and long random ones, with the invariants of `World` checked after each step.
@Suite struct WalkerTests {
  enum Start: String, CaseIterable, Sendable {
    case quoted, firstPeriod, renewed, grace, unpaid, metered
    /// Quoted by a node that holds payments; and with one held.
    case held, making
    /// With credit: in service, and over.
    case overpaid, closed

    func world() throws -> World {
      if self == .held || self == .making {
        var world = World(.hourly.idle(.suspend), holds: true)
        if self == .making { try world.pay() }
        return world
      }
      var world = World(self == .metered ? .metered : .hourly.idle(.suspend))
      if self == .quoted { return world }
      try world.pay()
      try world.succeed()
      if self == .overpaid || self == .closed {
        world.settled += 5_400_000
        let purchase = Settlement(paymentHash: "o", amount: 3_600_000, excess: 1_800_000, purpose: .renewal(periods: 1))
        try world.step(.settled(purchase))
        if self == .overpaid { return world }
        try world.step(.released)
        while !world.outbox.isEmpty { try world.succeed() }
        return world
      }
      if self == .firstPeriod || self == .metered { return world }
      try world.pay()
      if self == .renewed { return world }
      world.pass(7_201)
      try world.step(.woke)
      if self == .grace { return world }
      world.pass(200)
      try world.step(.woke)
      try world.succeed()
      return world
    }
  }

  @Test(arguments: [Start.quoted, .firstPeriod])
  func everySequenceHoldsWhatMustHold(_ start: Start) throws {
    try walk(from: start, Move.reduced, depth: 6)
  }

  @Test(arguments: [Start.held, .making])
  func everySequenceWithAHeldPaymentHoldsWhatMustHold(_ start: Start) throws {
    try walk(from: start, Move.reduced + Move.holding, depth: 6)
  }

  @Test(arguments: [Start.overpaid, .closed])
  func everySequenceWithCreditHoldsWhatMustHold(_ start: Start) throws {
    try walk(from: start, Move.credit, depth: 5)
  }

  @Test(arguments: Start.allCases)
  func everyShorterSequenceOfMoreHoldsWhatMustHold(_ start: Start) throws {
    try walk(from: start, Move.most, depth: 4)
  }

  /// Sequences that lead to the same world are walked on from there once, and counted all the same.
  private func walk(from start: Start, _ moves: [Move], depth: Int) throws {
    var layer: [World: (paths: Int, first: [Move])] = [try start.world(): (1, [])]
    var sequences = 0
    var worlds = 0
    for level in 1...depth {
      var next: [World: (paths: Int, first: [Move])] = [:]
      for (world, way) in layer {
        for move in moves {
          var after = world
          let path = way.first + [move]
          do {
            try move.make(in: &after)
            if after == world { continue }
            if next[after] == nil {
              try after.checkResource()
              if level <= 2 {
                try after.checkSplitting()
                try after.checkEnd()
              }
            }
          } catch let broken as Broken {
            Issue.record("\(start.rawValue) \(path): \(broken)\n\(world.lease.state) → \(after.lease.state)")
            return
          }
          sequences += way.paths
          let known = next[after]
          next[after] = ((known?.paths ?? 0) + way.paths, known?.first ?? path)
        }
      }
      worlds += next.count
      layer = next
    }
    print("walked \(sequences) sequences from \(start.rawValue), \(worlds) worlds, depth \(depth)")
  }

  @Test(arguments: 1...16 as ClosedRange<UInt64>)
  func longRandomLivesHoldWhatMustHold(_ seed: UInt64) throws {
    var dice = SplitMix(state: seed)
    for _ in 0..<12 {
      var world = World(dice.next() % 5 == 0 ? .metered : .hourly.idle(.suspend), holds: dice.next() % 2 == 0)
      var path: [Move] = []
      for turn in 0..<120 {
        // Work gets done more often than anything else happens.
        let move = dice.next() % 3 == 0 ? Move.succeed : Move.allCases[Int(dice.next() % UInt64(Move.allCases.count))]
        path.append(move)
        do {
          try move.make(in: &world)
          try world.checkResource()
          if turn % 5 == 0 { try world.checkSplitting() }
        } catch let broken as Broken {
          Issue.record("seed \(seed), \(path.suffix(30)): \(broken)")
          return
        }
      }
      do { try world.checkEnd() } catch let broken as Broken {
        Issue.record("seed \(seed), \(path.suffix(30)): \(broken)")
      }
    }
  }
}

/// Sebastiano Vigna's SplitMix64: the same numbers everywhere.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
