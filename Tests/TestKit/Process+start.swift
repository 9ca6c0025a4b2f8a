import Foundation
import Synchronization

private let starting = Mutex(())

extension Process {
  /// Runs it, one start at a time: Foundation has been seen to crash in two at once.
  public func start() throws {
    try starting.withLock { _ in try run() }
  }
}
