import HTTPTypes
import Ledger
import Testing
import Wire

@testable import HTTPAPI

/// Who was lent a folder sees the folder, and nobody's purse or address.
@Suite struct PrivacyTests {
  @Test func aDelegateForAFolderSeesNoMoney() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let here = "/v1/leases/\(lease.id)"
        let friend = try narrowed(authorization, ["leasehold_path=/photos"])
        for route in ["/ledger", "/refunds"] {
          let refused = try await door.ask(.get, here + route, authorization: friend)
          #expect(try refused.status == 403 && refused.problem.code == "narrowed-path", "\(route)")
          #expect(try await door.ask(.get, here + route, authorization: authorization).status == 200)
        }
        #expect(lease.balanceMsat != nil)
        #expect(lease.creditMsat == 0)
        #expect(lease.daysRemaining == 0)
        #expect(lease.next.map(\.action) == ["renew_by", "suspend", "reclaim"])
        #expect(
          lease.next.allSatisfy {
            $0.avoidMsat == 10_000 && $0.text?.hasSuffix("unless 10 sat are paid before.") == true
          })
        for answer in [
          try await door.ask(.get, here, authorization: friend),
          try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#, authorization: friend),
        ] where answer.status < 400 {
          let seen = try answer.document(LeaseDocument.self)
          #expect(seen.state == "active")
          #expect(seen.balanceMsat == nil)
          #expect(seen.debtMsat == nil)
          #expect(seen.creditMsat == nil)
          #expect(!seen.next.isEmpty)
          #expect(seen.next.allSatisfy { $0.avoidMsat == nil && $0.text?.contains("sat") == false })
        }
        for route in ["", "/explain", "/usage"] {
          let told = try await door.ask(.get, here + route, authorization: friend)
          #expect(told.status == 200, "\(told.text)")
          for money in ["balance_msat\"", "avoid_msat\"", "amount_msat\"", "charged_msat\":1"] {
            #expect(!told.text.contains(money))
          }
        }
        let explained = try await door.ask(.get, here + "/explain", authorization: friend)
          .document(ListDocument<ExplainItem>.self).items
        #expect(!explained.isEmpty)
        #expect(explained.allSatisfy { $0.evidence.isEmpty })
      }
    }
  }

  /// Where the payer asked from is counted while the quote holds something, and told to nobody, the owner included.
  @Test func noAddressIsTold() async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        func counted() async throws -> Int {
          try await bench.engine.store.transaction { try $0.unpaidAllocations(of: "127.0.0.1") }
        }
        _ = try await door.ask(.post, "/v1/leases", #"{"offer":"disk"}"#)
        #expect(try await counted() == 1)
        let (lease, authorization) = try await door.rent()
        #expect(try await counted() == 1)
        let told = try await door.ask(.get, "/v1/leases/\(lease.id)/explain", authorization: authorization)
        #expect(told.status == 200)
        #expect(told.text.contains("quoted"))
        #expect(!told.text.contains("127.0.0.1"))
      }
    }
  }

  @Test(arguments: [
    "X-Forwarded-For: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Forwarded-Proto: https", "X-Real-IP: 203.0.113.9",
    "Via: 1.1 proxy",
  ])
  func playMoneyIsNotForWhoComesThroughAProxy(_ line: String) async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let parts = line.split(separator: ":", maxSplits: 1)
        let name = try #require(HTTPField.Name(String(parts[0])))
        for route in ["/dev/pay", "/dev/invoice"] {
          let refused = try await door.ask(
            .post, route, #"{"invoice":"x"}"#, headers: [name: String(parts[1].dropFirst())])
          #expect(try refused.status == 403 && refused.problem.code == "play-money-is-local")
        }
      }
    }
  }

  @Test(arguments: [
    ("rent.example", false), ("rent.example:8402", false), ("127.0.0.1.rent.example", false), ("10.0.0.1", false),
    ("[::2]:8402", false), ("localhost.example", false), ("localhost", true), ("LOCALHOST:8402", true),
    ("127.0.0.1:8402", true), ("127.1.2.3", true), ("[::1]:8402", true), ("[::1]", true),
  ])
  func playMoneyIsAskedForByTheMachinesOwnName(_ host: String, isOwn: Bool) async throws {
    try await Bench.with { bench in
      try await bench.live { door in
        let socket = try Socket(port: door.port)
        defer { socket.close() }
        let body = #"{"invoice":"x"}"#
        try socket.send(
          "POST /dev/pay HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
        let answer = try Door.Answer(try await socket.readBytesToEnd())
        #expect((answer.status == 403) == !isOwn, "\(answer.status)")
      }
    }
  }
}
