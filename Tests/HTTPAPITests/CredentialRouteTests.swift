import HTTPTypes
import L402
import Testing
import Wire

@testable import HTTPAPI

@Suite struct CredentialRouteTests {
  @Test func lendingAndTakingBack() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let preimage = authorization.suffix(64)
        let narrowed = try await door.ask(
          .post, here + "/credentials", #"{"caveats":["leasehold_capabilities=read"]}"#, authorization: authorization)
        #expect(narrowed.status == 201)
        let lent = try narrowed.document(MintedCredential.self)
        #expect(lent.capabilities == "read")
        #expect(lent.paymentHash.count == 64)
        let friend = "L402 \(lent.macaroon):\(preimage)"
        #expect(try await door.ask(.get, here, authorization: friend).status == 200)
        #expect(try await door.ask(.delete, here, authorization: friend).status == 403)
        let seen = try await door.ask(.get, "/v1/credential", authorization: friend)
          .document(IntrospectionDocument.self)
        #expect(seen.token == lent.token)
        #expect(seen.capabilities == ["read"])
        #expect(seen.lease == lease.id)
        #expect(seen.caveats == ["leasehold_capabilities=read"])

        let list = try await door.ask(.get, here + "/credentials", authorization: authorization)
          .document(ListDocument<CredentialItem>.self)
        #expect(list.items.contains { $0.token == lent.token && $0.revokedAt == nil })
        let revoked = try await door.ask(.delete, here + "/credentials/\(lent.token)", authorization: authorization)
        #expect(revoked.status == 204)
        let after = try await door.ask(.get, here, authorization: friend)
        #expect(after.status == 401)
        #expect(try after.problem.code == "credential-revoked")

        let widened = try await door.ask(
          .post, here + "/credentials", #"{"caveats":["leasehold_lease=other"]}"#, authorization: authorization)
        #expect(widened.status == 422)
      }
    }
  }

  /// A disk is attached by showing its credential, and its holder sees and ends where it is.
  @Test func aDiskIsAttachedUnderItsOwnCredential() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (disk, credential) = try await door.rent()
        let wish = #"{"offer":"box","disk":"\#(disk.id)""#
        #expect(try await door.ask(.post, "/v1/leases", wish + "}").status == 401)
        let shown = try await door.ask(.post, "/v1/leases", wish + "}", authorization: credential)
        let inBody = try await door.ask(.post, "/v1/leases", wish + #","disk_credential":"\#(credential)"}"#)
        #expect(shown.status == 402)
        #expect(inBody.status == 402)
        let reader = try narrowed(credential, ["leasehold_capabilities=read"])
        #expect(try await door.ask(.post, "/v1/leases", wish + "}", authorization: reader).status == 402)
        let here = "/v1/leases/\(disk.id)/attachments"
        func list() async throws -> [AttachmentItem] {
          try await door.ask(.get, here, authorization: credential).document(ListDocument<AttachmentItem>.self).items
        }
        let items = try await list()
        #expect(items.count(where: \.readOnly) == 1)
        #expect(items.count == 3)
        #expect(items.allSatisfy { $0.state == "attached" })
        let one = "\(here)/\(items[1].container)"
        #expect(try await door.ask(.delete, one, authorization: reader).status == 403)
        #expect(try await door.ask(.delete, one, authorization: credential).status == 204)
        #expect(try await door.ask(.delete, "\(here)/x", authorization: credential).status == 422)
        #expect(try await list().filter { $0.state == "ended" }.map(\.container) == [items[1].container])
        #expect(try await door.ask(.delete, here, authorization: credential).status == 204)
        let ended = try await list()
        #expect(ended.allSatisfy { $0.state == "ended" && $0.cause == "asked" && $0.endedAt != nil })
      }
    }
  }

  @Test func rotatingEndsTheOld() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let rotated = try await door.ask(.post, here + "/credentials/rotate", authorization: authorization)
          .document(MintedCredential.self)
        #expect(try await door.ask(.get, here, authorization: authorization).status == 401)
        let new = "L402 \(rotated.macaroon):\(authorization.suffix(64))"
        #expect(try await door.ask(.get, here, authorization: new).status == 200)
        let swapped = try await door.ask(.post, here + "/credential", authorization: new)
        #expect(swapped.status == 200)
      }
    }
  }
}
