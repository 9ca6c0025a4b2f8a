import NodeRPC
import Synchronization
import TestNodes
import Testing
import Units

@testable import Lightning

/// How soon it is listened again, with time in the test's hands.
@Suite struct PushSignalTests {
  /// The pauses after connections that lasted so long each; `nil` for one that was never made.
  private func pauses(after connections: [Duration?], _ kind: RPCError.Kind = .lost) async -> [Duration] {
    let now = Mutex(ContinuousClock.now)
    let left = Mutex(connections)
    let slept = Mutex<[Duration]>([])
    let changes = ChangeSignal()
    let signal = PushSignal(
      pauses: .init(
        now: { now.withLock { $0 } },
        sleep: { pause in
          slept.withLock { $0.append(pause) }
          changes.ring()
          // Behind the last one there is nothing to do but to be told to stop.
          if left.withLock({ $0.isEmpty }) { await ChangeSignal().wait(beyond: 0) }
        })
    ) { onOpen, _ throws(RPCError) in
      if let lasts = left.withLock({ $0.removeFirst() }) {
        onOpen()
        now.withLock { $0 += lasts }
      }
      throw RPCError(kind, attempted: "listen", words: "over")
    }
    _ = signal.count()
    while true {
      let seen = changes.count
      if seen >= connections.count { break }
      await changes.wait(beyond: seen)
    }
    return withExtendedLifetime(signal) { slept.withLock { $0 } }
  }

  @Test func aNodeThatHangsUpAtOnceIsAskedEverLessOften() async {
    let asked = await pauses(after: [Duration?](repeating: .zero, count: 8))
    #expect(asked.prefix(3) == [.milliseconds(400), .milliseconds(800), .milliseconds(1_600)])
    #expect(asked.suffix(2) == [.seconds(10), .seconds(10)])
    #expect(await pauses(after: [nil, nil, nil], .notSent) == Array(asked.prefix(3)))
  }

  @Test func aConnectionThatLastedIsMadeAgainAtOnce() async {
    let asked = await pauses(after: [.zero, .zero, .seconds(30), .seconds(29), .seconds(300)])
    #expect(
      asked == [
        .milliseconds(400), .milliseconds(800), .milliseconds(200), .milliseconds(400), .milliseconds(200),
      ])
  }
}
