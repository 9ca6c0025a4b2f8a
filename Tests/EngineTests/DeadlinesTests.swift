import Testing

@testable import Engine

@Suite(.timeLimit(.minutes(2))) struct DeadlinesTests {
  @Test func theyComeInTheirOrder() async {
    let deadlines = Deadlines()
    let start = ContinuousClock.now
    let order = await withTaskGroup(of: Int.self) { group in
      for number in [5, 1, 4, 2, 3, 6] {
        group.addTask {
          #expect(await deadlines.wait(until: start + .milliseconds(40 * number)))
          #expect(ContinuousClock.now >= start + .milliseconds(40 * number))
          return number
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(order.sorted() == [1, 2, 3, 4, 5, 6])
    #expect(deadlines.count == 0)
  }

  /// Whoever is cancelled goes on at once, and leaves nothing behind, however far away the deadline was.
  @Test func whatIsCancelledIsGone() async {
    let deadlines = Deadlines()
    let waits = (0..<1_000).map { number in
      Task { await deadlines.wait(.seconds(3_600 + (number * 7_919) % 1_000)) }
    }
    while deadlines.count < 1_000 { await Task.yield() }
    for wait in waits.shuffled() { wait.cancel() }
    for wait in waits { #expect(await !wait.value) }
    #expect(deadlines.count == 0)
    // A task that was cancelled before waits for nothing.
    let late = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await deadlines.wait(.seconds(3_600))
    }
    #expect(await !late.value)
    // And the ones among them that are not cancelled come.
    let kept = Task { await deadlines.wait(.milliseconds(20)) }
    let dropped = (0..<100).map { _ in Task { await deadlines.wait(.milliseconds(10)) } }
    for wait in dropped { wait.cancel() }
    #expect(await kept.value)
    for wait in dropped { _ = await wait.value }
    #expect(deadlines.count == 0)
  }

  @Test func whatTakesTooLongIsCancelled() async throws {
    let deadlines = Deadlines()
    #expect(try await deadlines.within(.seconds(3_600)) { 1 } == 1)
    let slow = try await deadlines.within(.milliseconds(10)) { await deadlines.wait(.seconds(3_600)) }
    #expect(slow == nil)
    await #expect(throws: CancellationError.self) {
      try await deadlines.within(.seconds(3_600)) { throw CancellationError() }
    }
    #expect(deadlines.count == 0)
  }
}
