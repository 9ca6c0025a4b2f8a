import Client
import Foundation
import L402
import Macaroons
import Testing

@testable import RenterKit
@testable import leasehold

/// Credentials read, narrowed and vouched for from a shell.
@Suite struct TokenTests {
  private func withLease(_ body: (Storefront, _ lease: String) async throws -> Void) async throws {
    try await Storefront.open { storefront in
      let lease = try await storefront.rent()
      // From here on nobody answers: all of it is offline.
      await storefront.server.close()
      try await body(storefront, lease)
    }
  }

  private func line(_ outcome: Storefront.Outcome) -> String {
    outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  @Test func showsWhatItSaysAndItsSecretOnlyWhenAsked() async throws {
    try await withLease { storefront, lease in
      let credential = try #require(Credential(line(try await storefront.run("credential", "export", lease))))
      for form in [[], ["--json"]] {
        let shown = try await storefront.run(["token", "show", "@last"] + form)
        #expect(shown.status == 0, "\(shown.error)")
        #expect(shown.output.contains(lease))
        #expect(shown.output.contains("leasehold_capabilities="))
        #expect(!shown.output.contains(credential.preimage.hex))
        #expect(!shown.output.contains(Base64.encode(credential.macaroon.wire)))
        let revealed = try await storefront.run(["token", "show", "@last", "--reveal"] + form)
        #expect(revealed.output.contains(credential.preimage.hex))
      }
      let piped = try await storefront.run(["token", "show", "-"], input: credential.authorization + "\n")
      #expect(piped.output.contains(lease))
      let bare = try await storefront.run("token", "show", Base64.encode(credential.macaroon.wire), "--json")
      #expect(try bare.document()["has_preimage"] as? Bool == false)
      let other = credential.authorization.dropLast(64) + String(repeating: "0", count: 64)
      #expect(try await storefront.run("token", "show", String(other)).status == 2)
      #expect(try await storefront.run("token", "show", "L402 nonsense:00").status == 2)
    }
  }

  @Test func narrowsByEveryConditionAndNeverWidens() async throws {
    try await withLease { storefront, _ in
      let narrowed = try await storefront.run(
        "token", "narrow", "@last", "--read-only", "--path", "photos/50%", "--method", "get,head", "--source",
        "203.0.113.0/24", "--valid-for", "10m", "--max-msat", "5000")
      #expect(narrowed.status == 0, "\(narrowed.error)")
      let outline = try #require(PresentedCredential(line(narrowed))).outline
      let claims = try outline.claims.get()
      #expect(claims.capabilities == .read)
      #expect(claims.path?.description == "/photos/50%")
      #expect(claims.methods == ["GET", "HEAD"])
      #expect(claims.maxMsat == 5_000)
      #expect(claims.sources?.map(\.description) == ["203.0.113.0/24"])
      let left = claims.validUntil - Storefront.now.unixSeconds
      #expect(left > 0)
      #expect(left <= 600)
      for wider in [
        ["--capabilities", "read,write"], ["--path", "/"], ["--method", "PUT"], ["--max-msat", "5001"],
        ["--caveat", "colour=blue"], ["--caveat", "leasehold_colour=blue"], ["--source", "not an address"],
      ] {
        let refused = try await storefront.run(["token", "narrow", line(narrowed)] + wider)
        #expect(refused.status == 2, "\(wider): \(refused.error)")
        #expect(refused.output.isEmpty, "\(wider): \(refused.error)")
      }
      // A later end than its own is no narrowing, and is left out.
      let later = try await storefront.run(["token", "narrow", line(narrowed), "--valid-for", "1h", "--read-only"])
      let same = try #require(PresentedCredential(line(later))).outline.claims.get().validUntil
      #expect(later.status == 0)
      #expect(same == claims.validUntil)
      #expect(later.error.contains("sooner"))
    }
  }

  @Test func putsOutCommandsThatAreReadyToRun() async throws {
    try await withLease { storefront, lease in
      let curl = try await storefront.run("token", "narrow", lease, "--read-only", "--curl", "/a b.txt")
      #expect(curl.output.hasPrefix("curl --fail -H 'Authorization: L402 "))
      #expect(curl.output.hasSuffix("/dav/\(lease)/a%20b.txt'\n"))
      let rclone = try await storefront.run("token", "narrow", lease, "--path", "/photos", "--rclone")
      #expect(rclone.output.contains("RCLONE_WEBDAV_URL='\(storefront.server.address)/dav/\(lease)/photos/'"))
      let json = try await storefront.run("token", "narrow", lease, "--read-only", "--json")
      #expect(try json.document()["lease"] as? String == lease)
    }
  }

  @Test func somebodyElsesWordAskedForGivenAdded() async throws {
    try await withLease { storefront, lease in
      let ask = [
        "token", "narrow", lease, "--third-party", "https://login.example", "--third-party-id", "alice", "--key-file",
        "login.key",
      ]
      let lent = try await storefront.run(ask)
      #expect(lent.status == 0, "\(lent.error)")
      let shown = try await storefront.run("token", "show", line(lent))
      #expect(shown.output.contains("https://login.example"))
      #expect(shown.output.contains("waits for"))
      // The third party has the key and not the credential.
      let discharge = try await storefront.run(
        "token", "discharge", "--id", "alice", "--key-file", "login.key", "--path", "/photos")
      #expect(discharge.status == 0, "\(discharge.error)")
      let whole = try await storefront.run("token", "discharge", line(lent), "--with", line(discharge))
      #expect(whole.status == 0, "\(whole.error)")
      let complete = try #require(PresentedCredential(line(whole)))
      #expect(complete.outline.awaited.isEmpty)
      #expect(complete.discharges.count == 1)
      #expect(try complete.outline.claims.get().path?.description == "/photos")
      // Bound: as the library binds it.
      let lentMacaroon = try #require(PresentedCredential(line(lent))).macaroon
      let key = try String(contentsOf: storefront.home.appendingPathComponent("login.key"), encoding: .utf8)
      let expected = Macaroon.discharge(
        of: Array("alice".utf8), rootKey: Array(key.trimmingCharacters(in: .whitespacesAndNewlines).utf8),
        caveats: [Array("leasehold_path=/photos".utf8)]
      ).bound(to: lentMacaroon)
      #expect(complete.discharges == [expected])
      // Both at once, and what cannot be.
      let both = try await storefront.run("token", "discharge", line(lent), "--key-file", "login.key")
      let vouched = try #require(PresentedCredential(line(both)))
      #expect(vouched.outline.awaited.isEmpty)
      #expect(try await storefront.run("token", "discharge", lease, "--key-file", "login.key").status == 2)
      #expect(try await storefront.run("token", "discharge", line(lent), "--with", "nonsense").status == 2)
      #expect(try await storefront.run("token", "narrow", line(whole), "--read-only").status == 2)
      let mode = try FileManager.default.attributesOfItem(atPath: storefront.home.path + "/login.key")
      #expect(mode[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test func aCredentialThatSomebodyVouchedForIsKeptWhole() async throws {
    try await withLease { storefront, lease in
      let lent = line(
        try await storefront.run(
          "token", "narrow", lease, "--third-party", "x", "--third-party-id", "alice", "--key-file", "k"))
      let whole = line(try await storefront.run("token", "discharge", lent, "--key-file", "k"))
      let friend = ["XDG_STATE_HOME": storefront.home.path + "/friend"]
      let kept = try await storefront.run(["credential", "import"], input: whole, environment: friend)
      #expect(kept.status == 0, "\(kept.error)")
      let out = try await storefront.run(["credential", "export", lease], environment: friend)
      #expect(line(out) == whole)
    }
  }
}
