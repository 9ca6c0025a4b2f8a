import Units
import Wire

extension Autopay {
  /// Sleeps until a moment, or until something happens to the lease that is newer than what was seen.
  ///
  /// - Parameters:
  ///   - version: of the lease that was seen.
  ///   - follows: whether its events are listened to.
  func wait(until moment: Instant, after version: Int64, of lease: String, follows: Bool) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.sleep(until: moment) }
      if follows { group.addTask { await self.listen(to: lease, after: version) } }
      await group.next()
      group.cancelAll()
    }
  }

  /// In slices: the wall clock may be set, and a machine may have slept.
  private func sleep(until moment: Instant) async {
    while !Task.isCancelled {
      let left = moment.microseconds(since: client.now())
      guard left > 0 else { return }
      // Cancelled: the loop ends.
      try? await Task.sleep(for: .microseconds(min(left, 60_000_000)))
    }
  }

  /// Returns when an event says that the lease has become another. A stream that breaks is opened again, more slowly
  /// each time; while there is none the clock does.
  private func listen(to lease: String, after version: Int64) async {
    var delay: Int64 = 1
    var last: String?
    while !Task.isCancelled {
      let cursor = Cursor(last)
      do throws(ClientError) {
        let isNews = Flag()
        try await client.events(lease, since: last) { event in
          cursor.set(event.id)
          // What is no event of ours may be one of a newer server's: worth a look.
          guard let told = try? JSON.decode(FeedEvent.self, from: event.data.utf8) else {
            isNews.raise()
            return false
          }
          guard told.version > version else { return true }
          isNews.raise()
          return false
        }
        if isNews.isRaised { return }
      } catch {
        // Told by the next look, which asks the same server.
      }
      if cursor.value != last { delay = 1 }
      last = cursor.value
      do { try await Task.sleep(for: .seconds(delay)) } catch { return }
      delay = min(delay * 2, 60)
    }
  }
}
