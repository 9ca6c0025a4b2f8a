import Foundation
import Synchronization

@testable import Client

/// Kills a run at its Nth talk with the world, or at its Nth write: from then on nobody answers it any more, and what it
/// writes after that is undone, as if its process had been gone.
final class Trap: Sendable {
  enum Moment: CaseIterable {
    /// The world never hears of the Nth talk.
    case before
    /// It hears, and acts; its answer does not arrive.
    case after
    /// The Nth write is on disk, and nothing comes after it.
    case written
  }

  private struct State {
    var talks = 0
    var writes = 0
    var fatal: (talk: Int, moment: Moment)?
    var isDead = false
  }

  private let state = Mutex(State())
  private let folder: URL
  private var snapshot: URL { folder.appendingPathExtension("snapshot") }

  init(_ folder: URL) { self.folder = folder }

  func set(talk: Int, _ moment: Moment) {
    state.withLock { $0 = State(fatal: (talk, moment)) }
  }

  /// One talk; `nil` for one that was cut off.
  func pass<Answer>(_ talk: () -> Answer) -> Answer? {
    state.withLock { state in
      guard !state.isDead else { return nil }
      state.talks += 1
      guard let fatal = state.fatal, fatal.talk == state.talks, fatal.moment != .written else { return talk() }
      state.isDead = true
      // Before the first talk there may be no folder; then none is brought back.
      try? FileManager.default.copyItem(at: folder, to: snapshot)
      if fatal.moment == .after { _ = talk() }
      return nil
    }
  }

  /// One write of the run.
  ///
  /// - Returns: whether it lives.
  func write(_ moment: DurableFile.Moment) -> Bool {
    state.withLock { state in
      guard !state.isDead, moment == .after else { return !state.isDead }
      state.writes += 1
      guard let fatal = state.fatal, fatal.talk == state.writes, fatal.moment == .written else { return true }
      state.isDead = true
      try? FileManager.default.copyItem(at: folder, to: snapshot)
      return false
    }
  }

  /// The world answers again; the run lives on.
  func revive() { state.withLock { $0 = State() } }

  /// The dead run's folder as it was, and a world that answers again.
  ///
  /// - Returns: whether the run was killed at all.
  func restart() throws -> Bool {
    let wasKilled = state.withLock { state in
      defer { state = State() }
      return state.isDead
    }
    if wasKilled {
      try FileManager.default.removeItem(at: folder)
      try FileManager.default.moveItem(at: snapshot, to: folder)
    }
    return wasKilled
  }
}
