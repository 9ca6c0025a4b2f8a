import Engine
import L402
import Ledger
import Macaroons
import Testing

/// The credential with further caveats, as its holder adds them offline.
func narrowed(_ credential: String, _ caveats: String...) throws -> String {
  let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
  return try PresentedCredential(macaroon: shown.macaroon.adding(caveats), preimage: shown.preimage).authorization
}

/// What was minted anew, completed by the preimage of the credential it came from.
func minted(_ swapped: SwappedCredential, like credential: String) throws -> String {
  let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
  return try PresentedCredential(macaroon: swapped.macaroon, preimage: shown.preimage).authorization
}

func token(of credential: String) throws -> TokenID {
  try #require(try PresentedCredential.parse(authorization: [credential])).identifier.token
}

/// What of a lease a credential opens: each thing that succeeds, in a word. Everything asked for is undone or harmless.
func reach(of credential: String, _ lease: Renter.Bought, _ renter: Renter, _ engine: Engine) async -> Set<String> {
  var reached: Set<String> = []
  func attempt(_ word: String, _ method: String = "POST", _ body: (Caller) async throws -> Void) async {
    do {
      try await body(renter.caller(credential, method: method))
      reached.insert(word)
    } catch is PaymentAsked {
      reached.insert(word + " if paid")
    } catch {
      // Refused, which is the other answer there is.
    }
  }
  func file(_ word: String, _ needs: Capabilities, _ method: String, _ path: String) async {
    await attempt(word, method) { caller in
      _ = try await engine.doors.admit(
        needs, to: lease.id, kind: .disk, path: try ResourcePath(encoded: path), caller
      ).opened
    }
  }
  await file("read /photos/a", .read, "GET", "/photos/a")
  await file("read /private", .read, "GET", "/private")
  await file("write /photos/a", .write, "PUT", "/photos/a")
  await file("write /private", .write, "PUT", "/private")
  await attempt("look", "GET") { _ = try await engine.reader.lease(lease.id, $0) }
  await attempt("list", "GET") { _ = try await engine.credentials(of: lease.id, $0) }
  await attempt("renew") { caller in
    // A wish of its own, not a repetition of the last one.
    var caller = caller
    caller.idempotencyKey = "reach \(caller.requestID)"
    _ = try await engine.renew(lease.id, periods: 1, caller).bought
  }
  await attempt("change") { _ = try await engine.change(lease.id, to: "big", $0).bought }
  // No token that there is, so that nothing is ended: whoever may end others is told that it is none.
  await attempt("revoke", "DELETE") { caller in
    do {
      try await engine.revoke(TokenID(epoch: 1), of: lease.id, caller)
    } catch Refusal.invalidField {}
  }
  return reached
}

extension Renter {
  struct Bought: Sendable {
    var id: LeaseID
    var credential: String
    var token: TokenID
  }

  func buy(_ offer: String = "disk", engine: Engine? = nil) async throws -> Bought {
    let (id, credential) = try await rent(offer, engine: engine)
    return Bought(id: id, credential: credential, token: try EngineTests.token(of: credential))
  }
}
