import Engine
import Foundation
import TestKit
import Testing

/// Ports of containers at the daemon's own door: who may come, and what is said when nothing answers.
@Suite struct PortTests {
  @Test func theHolderReachesAPort() async throws {
    try await Provider.with { provider in
      let box = try await provider.buy("box")
      func ask(_ path: String, _ authorization: String?) async throws -> Rented.Reply {
        try await box.send("GET", path, authorization, door: "/c/")
      }
      let own = box.credential.authorization
      let here = try await ask("/10/", own)
      #expect(here.status == 200)
      #expect(here.text.hasSuffix("here"))
      // From memory, the second time.
      #expect(try await ask("/10/a/b?c", own).status == 200)

      #expect(try await ask("/11/", own).code == "port-refused")
      #expect(try await ask("/8/", own).code == "port-silent")
      #expect(try await ask("/9/", own).code == "port-broken")
      #expect(try await ask("/10/", nil).status == 401)
      #expect(try await ask("/10/", nil).text.contains("Basic realm="))
      #expect(try await ask("/0/", own).status == 404)
      #expect(try await ask("", own).status == 404)

      let delegate = try box.narrowed("leasehold_port=10,11")
      #expect(try await ask("/10/", delegate).status == 200)
      #expect(try await ask("/9/", delegate).code == "narrowed-port")
      #expect(try await box.send("GET", "", delegate, door: "/v1/leases/").code == "narrowed-port")
      #expect(try await box.send("POST", "/stop", delegate, door: "/v1/leases/").code == "narrowed-port")
      #expect(try await ask("/10/", try box.narrowed("leasehold_capabilities=read")).code == "narrowed-capability")

      let other = try await provider.buy("box")
      #expect(try await ask("/10/", other.credential.authorization).code == "wrong-lease")
    }
  }

  @Test func aBrowserComesWithThePassword() async throws {
    try await Provider.with { provider in
      let box = try await provider.buy("box")
      let login = try await provider.password(of: box, ["leasehold_port=10"])
      let basic = "Basic " + Data("\(login.user):\(login.password)".utf8).base64EncodedString()
      #expect(try await box.send("GET", "/10/", basic, door: "/c/").status == 200)
      #expect(try await box.send("GET", "/9/", basic, door: "/c/").code == "narrowed-port")
      try await provider.revoke(login.token, of: box)
      #expect(try await box.send("GET", "/10/", basic, door: "/c/").status == 401)
    }
  }

  /// A stranger comes to what is public, to nothing else, and is told and sold nothing of the lease.
  @Test func anybodyComesToAPublicPort() async throws {
    try await Provider.with { provider in
      let box = try await provider.buy("box", ports: [ContainerPort(10, .public), 11])
      let other = try await provider.buy("box")
      func ask(_ path: String, _ authorization: String? = nil) async throws -> Rented.Reply {
        try await box.send("GET", path, authorization, door: "/c/")
      }
      for _ in 0..<2 {
        // The second time from memory.
        let here = try await ask("/10/a")
        #expect(here.status == 200)
        #expect(here.text.hasSuffix("here"))
      }
      // A credential that is no good here takes nothing away.
      #expect(try await ask("/10/", other.credential.authorization).status == 200)
      #expect(try await ask("/10/", "L402 rubbish:00").status == 200)
      #expect(try await ask("/10/", box.credential.authorization).status == 200)
      for port in [9, 11, 12] { #expect(try await ask("/\(port)/").status == 401, "\(port)") }
      #expect(try await ask("/11/", other.credential.authorization).code == "wrong-lease")
      #expect(try await ask("/11/", box.credential.authorization).code == "port-refused")
      #expect(try await other.send("GET", "/10/", nil, door: "/c/").status == 401)
      // Nothing else of the lease is public.
      #expect(try await box.send("GET", "", nil, door: "/v1/leases/").status == 401)

      provider.clock.advance(by: 36_200)
      let away = try await ask("/10/")
      #expect(away.status == 503)
      #expect(!away.text.contains("WWW-Authenticate"))
      #expect(!away.text.lowercased().contains("lnbc"))
      #expect(try await ask("/10/", other.credential.authorization).status == 503)
      #expect(try await ask("/11/").status == 401)
      #expect(try await ask("/10/", box.credential.authorization).status == 402)
    }
  }

  /// A lease whose time is over asks for its renewal, and no container hears of it.
  @Test func anEndedLeaseSaysWhatItCosts() async throws {
    try await Provider.with { provider in
      let box = try await provider.buy("box")
      #expect(try await box.send("GET", "/10/", box.credential.authorization, door: "/c/").status == 200)
      provider.clock.advance(by: 36_200)
      let answer = try await box.send("GET", "/10/", box.credential.authorization, door: "/c/")
      #expect(answer.status == 402)
      #expect(answer.text.contains("WWW-Authenticate: L402 "))
    }
  }
}
