import HTTPTypes
import L402
import Logging
import Macaroons
import Synchronization
import Testing
import Wire

@testable import HTTPAPI

/// Bad credentials at every kind of route: a clear refusal, nothing to pay, and no line of the log that gives them away.
@Suite struct HostileCredentialTests {
  @Test func noneOfThemBreaksOrLeaks() async throws {
    let lines = RecordedLines()
    try await Bench.with(log: lines.logger) { bench in
      try await bench.live { door in
        let (lease, authorization) = try await door.rent()
        let shown = try #require(try PresentedCredential.parse(authorization: [authorization]))
        let macaroon = Base64.encode(shown.macaroon.wire)
        let preimage = String(authorization.suffix(64))
        let here = "/v1/leases/\(lease.id)"
        var tried = 0
        for bad in Self.spoilt(macaroon, preimage) {
          for (method, uri, body) in [
            (HTTPRequest.Method.get, here, String?.none), (.post, "/v1/leases", #"{"offer":"disk"}"#),
            (.post, here + "/renewals", nil), (.delete, here, nil), (.get, "/v1/credential", nil),
            (.get, "/v1/payments/\(shown.identifier.paymentHash.hex)", nil),
            (.post, here + "/credentials", #"{"caveats":["leasehold_path=/a"]}"#), (.get, here + "/logs", nil),
          ] {
            let answer = try await door.ask(method, uri, body, authorization: bad)
            #expect([400, 401].contains(answer.status), "\(method) \(uri) \(bad)")
            #expect(!answer.text.contains("lnbcrt"), "\(bad)")
            #expect(!answer.text.contains(preimage), "\(bad)")
            #expect(answer.headers[values: .wwwAuthenticate].allSatisfy { !$0.contains("invoice") })
            tried += 1
          }
        }
        #expect(tried > 150)
        // It is whole, and what it opens is still there.
        #expect(try await door.ask(.get, here, authorization: authorization).status == 200)
        let text = lines.text
        #expect(text.contains("request answered"))
        #expect(text.contains("lease quoted"))
        for secret in [preimage, String(macaroon.prefix(40)), String(macaroon.suffix(40)), "lnbcrt", Bench.adminToken] {
          #expect(!text.contains(secret))
        }
      }
    }
  }

  /// Most of a good credential, and something wrong with the rest.
  private static func spoilt(_ macaroon: String, _ preimage: String) -> [String] {
    let whole = "\(macaroon):\(preimage)"
    return [
      "L402", "L402 ", "L402 :", "L402 \(macaroon)", "L402 :\(preimage)", "L402 \(macaroon):\(preimage)0",
      "L402 \(macaroon):\(preimage.dropLast())", "L402 \(macaroon):\(preimage.dropLast())g", "L402 \(whole) x",
      "L402 \(whole),", "L402 ,\(whole)", "L402 \(macaroon.dropLast(4)):\(preimage)", "L402 A\(whole)",
      "L402 \(macaroon)==:\(preimage)", "L402 \(macaroon.dropFirst()):\(preimage)", "L402\t\(whole)\u{1}",
      "L402 \(macaroon):\(String(repeating: "0", count: 64))", "L402 \(macaroon):\(preimage):\(preimage)",
      "LSAT \(macaroon)-:\(preimage)", "L402 L402 L402 \(whole)",
      "L402 \(String(repeating: "A", count: 4_000)):\(preimage)",
    ]
  }
}

/// A logger that keeps what it is told.
final class RecordedLines: Sendable {
  private let lines = Mutex<[String]>([])

  var text: String { lines.withLock { $0.joined(separator: "\n") } }

  var logger: Logger {
    Logger(label: "test") { _ in Handler(kept: self) }
  }

  private struct Handler: LogHandler {
    let kept: RecordedLines
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }
      kept.lines.withLock { $0.append("\(event.message) \(facts)") }
    }
  }
}
