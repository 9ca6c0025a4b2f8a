import Synchronization
import Testing

@testable import Client
@testable import RenterKit

@Suite struct LogTests {
  /// The line breaks after five bytes; three more are thrown away before the next answer.
  @Test func aFollowedLogGoesOnAtItsPositionAndSaysWhatWasDropped() async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent().id
      bench.upset {
        $0.log = Array("one\ntwo\nthree\nfour\n".utf8)
        $0.logAnswers = [(0, 5), (8, 6), (0, nil)]
      }
      let told = Mutex<[Int64?]>([])
      let client = LeaseholdClient(
        server: try #require(ServerAddress(bench.server.address)), state: try bench.state, settings: .init(),
        tell: { event in
          if case .logGap(let bytes) = event { told.withLock { $0.append(bytes) } }
        })
      var output: [UInt8] = []
      try await client.followLogs(lease) { output += $0 }
      await client.shutdown()
      #expect(String(decoding: output, as: UTF8.self) == "one\ntthree\nfour\n")
      #expect(told.withLock(\.self) == [3])
      let asked = bench.shop.state.withLock { $0.requests.map(\.path).filter { $0.contains("/logs?") } }
      #expect(asked.prefix(3).map { $0.contains("from=") } == [false, true, true])
    }
  }
}
