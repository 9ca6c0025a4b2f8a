import Ledger
import TestKit
import Testing

@testable import Engine

/// Whoever comes to a public port without a credential, and what many of them take from others.
@Suite struct StrangerTests {
  /// A container with a public port, seen by a daemon that remembers nothing.
  private static func with(_ body: (Platform, LeaseID, Engine) async throws -> Void) async throws {
    try await Platform.with(catalog: .idling, boxes: true) { platform in
      let renter = Renter(platform)
      let request = LeaseRequest(offer: "box", ports: [ContainerPort(80, .public)])
      let quote = try await renter.demand { try await platform.engine.rent(request, body: [1], renter.caller()) }
      let paid = try await renter.pay(quote)
      _ = try await platform.engine.rent(request, body: [1], renter.caller(paid)).bought
      try await platform.settle()
      let engine = platform.anotherEngine()
      try await engine.prepare()
      try await body(platform, quote.lease, engine)
    }
  }

  private func takeTurns(_ engine: Engine, of parties: Int) {
    for party in 0..<parties {
      while engine.doors.admissions.strangers.mayRead("\(party)") {}
    }
  }

  @Test func whoGuessesKeepsNobodyOutForLongAndCutsNothing() async throws {
    try await Self.with { platform, id, engine in
      takeTurns(engine, of: 9)
      let visitor = Renter(platform, address: "198.51.100.9").caller(method: "GET")
      let unknown = LeaseID(unixMilliseconds: 1, random: (1, 4))
      // There, or not there: the same is said.
      for lease in [id, unknown] {
        let word = await refusal { try await engine.doors.openPort(80, of: lease, visitor) }
        #expect(word.hasPrefix("503"), "\(word)")
      }
      // Who was let in before is not in their queue.
      #expect(await engine.doors.admissions.servesAnybody(80, of: id))
      #expect(await engine.doors.admissions.servesAnybody(81, of: id) == false)
      #expect(await engine.doors.admissions.servesAnybody(80, of: unknown) == false)
    }
  }

  @Test func oneWhoGuessesLeavesTurnsToOthers() async throws {
    try await Self.with { platform, id, engine in
      takeTurns(engine, of: 1)
      let visitor = Renter(platform, address: "198.51.100.9").caller(method: "GET")
      #expect(await refusal { try await engine.doors.openPort(80, of: id, visitor) } == "nothing")
      engine.doors.admissions.strangers.hasRead("0")
      #expect(engine.doors.admissions.strangers.mayRead("0"))
    }
  }

  @Test func oneClientHasSoManyRequestsUnderWay() async throws {
    try await Self.with { platform, id, engine in
      let one = Renter(platform, address: "198.51.100.9").caller(method: "GET")
      do {
        var kept: [any Admission] = []
        for _ in 0..<Strangers.requests {
          let remembered = engine.doors.portAsRemembered(80, of: id, one)
          if let remembered {
            kept.append(remembered)
          } else {
            kept.append(try await engine.doors.openPort(80, of: id, one).opened.0)
          }
        }
        #expect(kept.allSatisfy { $0.visitor == .stranger })
        #expect(engine.doors.portAsRemembered(80, of: id, one) == nil)
        #expect(await refusal { try await engine.doors.openPort(80, of: id, one) }.hasPrefix("429"))
        let other = Renter(platform, address: "198.51.100.10").caller(method: "GET")
        #expect(await refusal { try await engine.doors.openPort(80, of: id, other) } == "nothing")
        withExtendedLifetime(kept) {}
      }
      // What has ended counts no more.
      #expect(await refusal { try await engine.doors.openPort(80, of: id, one) } == "nothing")
    }
  }
}
