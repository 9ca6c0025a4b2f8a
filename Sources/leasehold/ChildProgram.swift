import Foundation
import Synchronization

/// Another program, in a process group of its own: what is typed here does not end it.
///
/// Not Foundation's `Process`, which waits for whatever a program leaves behind as well.
final class ChildProgram: Sendable {
  private let pid: pid_t
  private let ended = Mutex<Int32?>(nil)

  /// Standard input is empty.
  init(_ program: String, _ arguments: [String], environment: [String: String] = [:]) throws {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals are as they were before we chose to hear of them.
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE] { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    let words = ([program] + arguments).map { strdup($0) } + [nil]
    let variables =
      ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { strdup("\($0)=\($1)") } + [nil]
    defer { (words + variables).forEach { free($0) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, program, &actions, &attributes, words, variables)
    guard code == 0 else { throw Complaint.failed("cannot run \(program): \(String(cString: strerror(code)))") }
    self.pid = pid
  }

  /// What it ended with, 128 + signal for one that was killed; nil while it runs.
  func status() -> Int32? {
    ended.withLock { ended in
      if let ended { return ended }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
      ended = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
      return ended
    }
  }

  func wait() async -> Int32 {
    while true {
      if let status = status() { return status }
      try? await Task.sleep(for: .milliseconds(50))  // ended: looked at again all the same
    }
  }

  func terminate() { if status() == nil { kill(-pid, SIGTERM) } }

  /// Runs one to its end; one that takes longer is killed.
  static func run(_ program: String, _ arguments: [String], within limit: Duration) throws -> Int32 {
    let child = try ChildProgram(program, arguments)
    let end = ContinuousClock.now + limit
    while true {
      if let status = child.status() { return status }
      if ContinuousClock.now > end { kill(-child.pid, SIGKILL) }
      usleep(20_000)
    }
  }
}

/// Hears Ctrl-C and a request to end, and leaves it to others what to do about it. One at a time: a signal is the
/// process's.
struct Interruption: Sendable {
  /// Counted in the handler of the signal itself, where an atomic may be touched.
  private static let heard = Atomic<Int>(0)

  init() {
    Self.heard.store(0, ordering: .relaxed)
    for number in [SIGINT, SIGTERM, SIGHUP] {
      signal(number) { _ in Interruption.heard.add(1, ordering: .relaxed) }
    }
  }

  /// How often.
  var count: Int { Self.heard.load(ordering: .relaxed) }
}
