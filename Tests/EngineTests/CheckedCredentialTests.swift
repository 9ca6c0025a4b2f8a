import L402
import Leasing
import TestKit
import Testing

@testable import Engine

/// What a request has shown is checked once; what outlives the request is checked again.
@Suite struct CheckedCredentialTests {
  @Test func aRequestGoesOnWithWhatItWasTold() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      var caller = renter.caller(credential, method: "GET")
      caller.checked = CheckedCredential()
      _ = try await engine.reader.lease(id, caller)
      #expect(try await engine.operator.revocations.revokeAll(of: id, requestID: "r") == 1)
      #expect(await engine.reader.seesMoney(caller))
      #expect(try await engine.introspect(caller).lease == "\(id)")
      // Another request is another check, and so is another credential in the same one.
      let another = renter.caller(credential, method: "GET")
      #expect(await refusal { try await engine.reader.lease(id, another) } == "401 credential-revoked")
      caller.authorization = [credential]
      #expect(await refusal { try await engine.reader.lease(id, caller) } == "401 credential-revoked")
    }
  }

  @Test func aRefusalIsNotKept() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      _ = try await engine.operator.revocations.revokeAll(of: id, requestID: "r")
      var caller = renter.caller(credential, method: "GET")
      caller.checked = CheckedCredential()
      for _ in 0..<2 {
        #expect(await refusal { try await engine.reader.lease(id, caller) } == "401 credential-revoked")
      }
    }
  }

  @Test(.timeLimit(.minutes(5))) func aFeedEndsWithItsCredential() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      var caller = renter.caller(credential, method: "GET")
      caller.checked = CheckedCredential()
      let feed = try await engine.reader.feed(of: id, after: 0, caller)
      _ = try await engine.operator.revocations.revokeAll(of: id, requestID: "r")
      let end = await refusal { for try await _ in feed {} }
      #expect(end == "401 credential-revoked")
    }
  }
}
