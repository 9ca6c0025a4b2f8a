import Units
import Wire

extension LeaseholdClient {
  /// How long a server may be away before those who follow give up: time enough for a restart, and for a machine's.
  private static let absence: Seconds = 600

  /// A container's output for as long as it runs, over every break of the line and every restart of the server: it is gone
  /// on with at the position of the next byte, and what is kept no longer by then is told of.
  ///
  /// - Parameter tail: begins with the last so many lines.
  public func followLogs(
    _ lease: String, tail: Int? = nil, output: ([UInt8]) throws(ClientError) -> Void
  ) async throws(ClientError) {
    var position: Int64?
    var patience = Patience(Self.absence)
    var quietEnds = 0
    while true {
      let asked = position
      var isNumbered = false
      var isNews = false
      var isBroken = false
      do throws(ClientError) {
        try await logs(
          lease, tail: asked == nil ? tail : nil, from: asked, follow: true,
          begun: { start in
            isNumbered = true
            if let asked, start != asked { tell(.logGap(bytes: start > asked ? start - asked : nil)) }
            position = start
          },
          output: { (chunk) throws(ClientError) in
            isNews = true
            position = position.map { $0 + Int64(chunk.count) }
            try output(chunk)
          })
      } catch {
        guard error.isInterruption, patience.isLeft else { throw error }
        if patience.begin() { tell(.waiting(reason: "\(error)")) }
        isBroken = true
      }
      // Where nothing says how far it was told, going on would repeat it.
      if isNews, !isNumbered { throw .unreadable("the server does not say where in its log it begins") }
      if isNews {
        patience = Patience(Self.absence)
        quietEnds = 0
      } else if isBroken {
        quietEnds = 0
      } else {
        // A server that stops ends it, too; one that ends it again at once has nothing more to tell.
        quietEnds += 1
        if quietEnds > 1 { return }
      }
      try await pause(1)
    }
  }

  /// What happens to a lease, over every break of the line and every restart of the server, until it is closed.
  ///
  /// - Parameters:
  ///   - since: the id of the last event seen; those after it come first.
  ///   - seen: returns whether to go on.
  public func followEvents(
    _ lease: String, since: String? = nil, seen: @Sendable (ServerSentEvent) throws(ClientError) -> Bool
  ) async throws(ClientError) {
    var patience = Patience(Self.absence)
    var last = since
    while true {
      let cursor = Cursor(last)
      let isEnough = Flag()
      do throws(ClientError) {
        try await events(lease, since: last) { (event) throws(ClientError) in
          let goesOn = try seen(event)
          cursor.set(event.id)
          if !goesOn { isEnough.raise() }
          return goesOn
        }
        if isEnough.isRaised { return }
        // The stream ended by itself: with the lease, or with a server that is starting again.
        if try await self.lease(lease).document.state == "closed" { return }
      } catch {
        guard error.isInterruption, patience.isLeft else { throw error }
        if patience.begin() { tell(.waiting(reason: "\(error)")) }
      }
      if cursor.value != last { patience = Patience(Self.absence) }
      last = cursor.value
      try await pause(1)
    }
  }
}
