import Engine
import TestKit
import Testing
import Units

@testable import Leasing

/// What a renter asked for of his container, and what he is told where it cannot be had.
@Suite struct FailedStartTests {
  @Test func aCommandThatCannotStartIsToldAsSuch() async throws {
    try await Platform.with(catalog: .idling, boxes: true) { platform in
      let renter = Renter(platform)
      try #require(platform.boxes).fail(.provision, .cannotStart)
      let (id, credential) = try await renter.rent("box")
      let record = try #require(try await platform.record(id))
      // The words of the host's own tools stay with the provider.
      let failure = ProvisionFailure(.cannotStart, detail: "told to fail")
      #expect(try await platform.engine.reader.failure(of: record) == failure)
      #expect(platform.engine.operator.failedPurchases.byOffer == ["box": 1])
      let since = platform.clock.now() - .minute
      let told = try await platform.postgres.transaction { tx in try tx.provisionFailures(since: since) }
      #expect(told.map(\.fault) == [.cannotStart])
      #expect(told.map(\.lastDetail) == ["told to fail"])
      #expect(try await platform.lease(id).account.credit > .zero)
      withExtendedLifetime(credential) {}
    }
  }

  @Test func theRestartPolicyGoesToTheHost() async throws {
    try await Platform.with(catalog: .idling, boxes: true) { platform in
      let renter = Renter(platform)
      for policy in [nil, RestartPolicy.onFailure, .always] {
        let request = LeaseRequest(offer: "box", restart: policy)
        let quote = try await renter.demand { try await platform.engine.rent(request, body: [1], renter.caller()) }
        let paid = try await renter.pay(quote)
        _ = try await platform.engine.rent(request, body: [1], renter.caller(paid)).bought
        try await platform.settle()
        #expect(try #require(platform.boxes).resource(quote.lease)?.spec.restart == policy)
      }
    }
  }
}
