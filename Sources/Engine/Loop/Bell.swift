import Synchronization

/// Tells whoever listens to look (a coalescing wake-up signal). Rings while nobody has looked yet are one ring.
public final class Bell: Sendable {
  private let listeners = Mutex<[AsyncStream<Void>.Continuation]>([])

  public init() {}

  public func ring() {
    for listener in listeners.withLock({ $0 }) { listener.yield() }
  }

  /// Yields once at the start.
  public func rings() -> AsyncStream<Void> {
    let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    listeners.withLock { $0.append(continuation) }
    continuation.yield()
    return stream
  }
}
