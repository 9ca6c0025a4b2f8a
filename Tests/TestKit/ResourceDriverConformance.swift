import Engine
import Ledger
import Testing
import Units

/// What every ``ResourceDriver`` promises, one promise a case. Run all of them over every driver:
///
/// ```swift
/// @Test(arguments: ResourceDriverConformance.allCases)
/// func conforms(_ promise: ResourceDriverConformance) async throws {
///   try await Bench.with { bench in try await promise.run(on: bench) }
/// }
/// ```
public enum ResourceDriverConformance: String, CaseIterable, Sendable {
  case provesItself
  case doesEveryVerbTwice
  case refusesOlderGenerationsOfEveryVerb
  case staysDestroyed
  case comesBackForANewerGeneration
  case saysWhatIsAbsent
  case refusesWhatIsNotThere
  case lists
  case measures
  case leavesNothing
  case finishesWhatIsHalfMade
  case removesWhatIsHalfMade
  case removesWhatIsHalfDestroyed
  case keepsEverythingAcrossARestart
  case letsOneActAtATime
  case worksOnManyAtOnce

  public func run(on bench: some ResourceDriverBench) async throws {
    let driver = try await bench.driver
    let lease = Self.newLease()
    let spec = bench.spec(lease)
    switch self {
    case .provesItself:
      try await driver.probe()
      #expect(try await driver.list().isEmpty)
      #expect(!driver.name.isEmpty)

    case .doesEveryVerbTwice:
      for _ in 1...2 {
        try await driver.provision(spec, generation: 1)
        try await expect(driver, lease, .running, generation: 1)
      }
      for _ in 1...2 {
        try await driver.resize(bench.larger(lease), generation: 2)
        try await expect(driver, lease, .running, generation: 2)
      }
      for _ in 1...2 {
        try await driver.suspend(lease, generation: 3)
        try await expect(driver, lease, .suspended, generation: 3)
      }
      for _ in 1...2 {
        try await driver.resume(bench.larger(lease), generation: 4)
        try await expect(driver, lease, .running, generation: 4)
      }
      #expect(try await driver.destroy(lease, generation: 5).method != .absent)
      #expect(try await driver.destroy(lease, generation: 5).method == .absent)
      try await expect(driver, lease, .absent, generation: 5)

    case .refusesOlderGenerationsOfEveryVerb:
      try await driver.provision(spec, generation: 7)
      try await driver.suspend(lease, generation: 8)
      await expectFenced { () throws(DriverError) in try await driver.provision(spec, generation: 7) }
      await expectFenced { () throws(DriverError) in try await driver.resume(spec, generation: 7) }
      await expectFenced { () throws(DriverError) in try await driver.resize(spec, generation: 7) }
      await expectFenced { () throws(DriverError) in _ = try await driver.destroy(lease, generation: 7) }
      try await expect(driver, lease, .suspended, generation: 8)
      try await driver.resume(spec, generation: 9)
      await expectFenced { () throws(DriverError) in try await driver.suspend(lease, generation: 8) }
      try await expect(driver, lease, .running, generation: 9)

    case .staysDestroyed:
      try await driver.provision(spec, generation: 1)
      _ = try await driver.destroy(lease, generation: 3)
      for late in 1...3 {
        await expectFenced { () throws(DriverError) in try await driver.provision(spec, generation: Int64(late)) }
      }
      try await expect(driver, lease, .absent, generation: 3)
      let unknown = Self.newLease()
      #expect(try await driver.destroy(unknown, generation: 2).method == .absent)
      await expectFenced { () throws(DriverError) in try await driver.provision(bench.spec(unknown), generation: 1) }
      #expect(try await bench.traces(of: unknown) == [])

    case .comesBackForANewerGeneration:
      try await driver.provision(spec, generation: 1)
      _ = try await driver.destroy(lease, generation: 2)
      try await driver.provision(spec, generation: 3)
      try await expect(driver, lease, .running, generation: 3)

    case .saysWhatIsAbsent:
      try await expect(driver, lease, .absent, generation: 0)
      #expect(try await driver.measure([lease]).isEmpty)
      #expect(try await bench.traces(of: lease) == [])

    case .refusesWhatIsNotThere:
      await expect(.absent) { () throws(DriverError) in try await driver.suspend(lease, generation: 1) }
      await expect(.absent) { () throws(DriverError) in try await driver.resume(spec, generation: 2) }
      await expect(.absent) { () throws(DriverError) in try await driver.resize(spec, generation: 3) }
      #expect(try await bench.traces(of: lease) == [])

    case .lists:
      let other = Self.newLease()
      try await driver.provision(spec, generation: 4)
      try await driver.provision(bench.spec(other), generation: 1)
      try await driver.suspend(other, generation: 2)
      let listed = try await driver.list().sorted { $0.lease < $1.lease }
      let wanted = [
        ResourceStatus(lease: lease, phase: .running, generation: 4),
        ResourceStatus(lease: other, phase: .suspended, generation: 2),
      ].sorted { $0.lease < $1.lease }
      #expect(listed == wanted)
      _ = try await driver.destroy(lease, generation: 5)
      #expect(try await driver.list().map(\.lease) == [other])

    case .measures:
      let other = Self.newLease()
      try await driver.provision(spec, generation: 1)
      try await driver.provision(bench.spec(other), generation: 1)
      try await driver.suspend(other, generation: 2)
      let all = try await driver.measure(nil)
      #expect(Set(all.map(\.lease)) == [lease, other])
      #expect(all.allSatisfy { $0.levels.values.allSatisfy { $0 >= 0 } && $0.counters.values.allSatisfy { $0 >= 0 } })
      let one = try await driver.measure([lease, Self.newLease()])
      #expect(one.map(\.lease) == [lease])
      let before = try #require(all.first { $0.lease == lease })
      let after = try #require(one.first)
      #expect(after.incarnation == before.incarnation)
      for (meter, count) in before.counters { #expect(try #require(after.counters[meter]) >= count) }

    case .leavesNothing:
      try await driver.provision(spec, generation: 1)
      #expect(try await bench.traces(of: lease) != [])
      _ = try await driver.destroy(lease, generation: 2)
      #expect(try await bench.traces(of: lease) == [])
      let frozen = Self.newLease()
      try await driver.provision(bench.spec(frozen), generation: 1)
      try await driver.suspend(frozen, generation: 2)
      _ = try await driver.destroy(frozen, generation: 3)
      #expect(try await bench.traces(of: frozen) == [])

    case .finishesWhatIsHalfMade:
      for half in bench.halfMade {
        let spec = bench.spec(Self.newLease())
        try await half.leave(spec)
        #expect(try await driver.inspect(spec.lease).phase != .running, "\(half.name)")
        try await driver.provision(spec, generation: 1)
        #expect(try await driver.inspect(spec.lease).phase == .running, "\(half.name)")
      }

    case .removesWhatIsHalfMade:
      for half in bench.halfMade {
        let spec = bench.spec(Self.newLease())
        try await half.leave(spec)
        _ = try await driver.destroy(spec.lease, generation: 2)
        #expect(try await driver.inspect(spec.lease).phase == .absent, "\(half.name)")
        #expect(try await bench.traces(of: spec.lease) == [], "\(half.name)")
      }

    case .removesWhatIsHalfDestroyed:
      for half in bench.halfDestroyed {
        let spec = bench.spec(Self.newLease())
        try await driver.provision(spec, generation: 1)
        try await half.leave(spec)
        #expect(try await driver.inspect(spec.lease).phase != .absent, "\(half.name)")
        _ = try await driver.destroy(spec.lease, generation: 2)
        #expect(try await driver.inspect(spec.lease).phase == .absent, "\(half.name)")
        #expect(try await bench.traces(of: spec.lease) == [], "\(half.name)")
      }

    case .keepsEverythingAcrossARestart:
      let frozen = Self.newLease()
      let gone = Self.newLease()
      try await driver.provision(spec, generation: 1)
      try await driver.provision(bench.spec(frozen), generation: 1)
      try await driver.suspend(frozen, generation: 2)
      try await driver.provision(bench.spec(gone), generation: 1)
      _ = try await driver.destroy(gone, generation: 2)
      try await bench.restart()
      let again = try await bench.driver
      try await expect(again, lease, .running, generation: 1)
      try await expect(again, frozen, .suspended, generation: 2)
      try await expect(again, gone, .absent, generation: 2)
      await expectFenced { () throws(DriverError) in try await again.provision(bench.spec(gone), generation: 1) }
      try await again.resume(bench.spec(frozen), generation: 3)
      try await expect(again, frozen, .running, generation: 3)

    case .letsOneActAtATime:
      // However these interleave, the destruction is the last word.
      await withTaskGroup(of: Void.self) { group in
        for generation in 1...4 {
          group.addTask { await Self.attempt { try await driver.provision(spec, generation: Int64(generation)) } }
        }
        group.addTask { await Self.attempt { _ = try await driver.destroy(lease, generation: 9) } }
      }
      try await expect(driver, lease, .absent, generation: 9)
      #expect(try await bench.traces(of: lease) == [])

    case .worksOnManyAtOnce:
      let leases = (0..<6).map { _ in Self.newLease() }
      try await withThrowingTaskGroup(of: Void.self) { group in
        for lease in leases {
          group.addTask {
            try await driver.provision(bench.spec(lease), generation: 1)
            try await driver.suspend(lease, generation: 2)
            try await driver.resume(bench.spec(lease), generation: 3)
            _ = try await driver.destroy(lease, generation: 4)
          }
        }
        try await group.waitForAll()
      }
      for lease in leases { #expect(try await bench.traces(of: lease) == []) }
    }
  }

  public static func newLease() -> LeaseID {
    LeaseID(
      unixMilliseconds: 1_800_000_000_000, random: (.random(in: .min ... .max), .random(in: .min ... .max)))
  }

  private func expect(
    _ driver: any ResourceDriver, _ lease: LeaseID, _ phase: ResourceStatus.Phase, generation: Int64,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let status = try await driver.inspect(lease)
    #expect(
      status == ResourceStatus(lease: lease, phase: phase, generation: generation), sourceLocation: sourceLocation)
  }

  private func expectFenced(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws(DriverError) -> Void
  ) async {
    await expect(.fenced, sourceLocation: sourceLocation, body)
  }

  private func expect(
    _ kind: DriverError.Kind, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws(DriverError) -> Void
  ) async {
    do throws(DriverError) {
      try await body()
      Issue.record("nothing was thrown where \(kind) was due", sourceLocation: sourceLocation)
    } catch {
      #expect(error.kind == kind, "\(error)", sourceLocation: sourceLocation)
    }
  }

  /// For a contest in which all but the last may be refused.
  private static func attempt(_ body: () async throws -> Void) async {
    do {
      try await body()
    } catch {
      #expect((error as? DriverError)?.kind == .fenced, "\(error)")
    }
  }
}
