import L402
import Testing

@testable import Lightning

@Suite struct InvoiceWatchTests {
  /// A write wakes those whose invoice it changed, however many wait beside them.
  @Test func whoWaitsHearsOfHisOwnInvoiceAlone() {
    let watch = InvoiceWatch()
    let hashes = (0..<100).map { _ in Preimage.random().paymentHash }
    let watchers = hashes.map(watch.enter)
    watch.publish(Set((0..<1_000).map { _ in Preimage.random().paymentHash }))
    #expect(watchers.allSatisfy { $0.count == 0 })
    watch.publish([hashes[3]])
    #expect(watchers.map(\.count).reduce(0, +) == 1)
    #expect(watchers[3].count == 1)
    #expect(watch.count == 100)
    for watcher in watchers { watch.leave(watcher) }
    #expect(watch.count == 0)
  }

  /// Who gives up leaves nothing behind.
  @Test func manyWhoGiveUpLeaveNobodyWaiting() async {
    let watch = InvoiceWatch()
    let waits = (0..<100).map { _ in
      Task {
        let watcher = watch.enter(Preimage.random().paymentHash)
        defer { watch.leave(watcher) }
        return await watcher.wait(beyond: watcher.count)
      }
    }
    for wait in waits { wait.cancel() }
    for wait in waits { #expect(await wait.value == false) }
    #expect(watch.count == 0)
  }
}
