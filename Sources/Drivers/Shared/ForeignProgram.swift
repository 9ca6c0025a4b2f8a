import CLinux
import Engine
import Glibc
import Subprocess
import Synchronization
import SystemPackage

/// One run of a program of other people: in a session of its own, with three descriptors and nothing else of ours, ended in
/// time and with everything it has started.
struct ForeignProgram: Sendable {
  /// Absolute.
  var path: String
  var arguments: [String]
  var environment: [String: String] = [:]
  /// Borrowed; -1 is `/dev/null`.
  var standardInput: Int32 = -1
  var standardOutput: Int32 = -1
  var standardError: Int32 = -1
  /// For error texts.
  var attempted: String
  /// What else has to die with it: processes that left its session.
  var killOthers: @Sendable () async -> Void = {}

  /// Where Debian and its kin keep what an administrator runs; a daemon's own `PATH` often lacks the `sbin`s.
  static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// A killed process that a device or a file system holds in the kernel is left to it after so long.
  private static let dyingTime = Duration.seconds(5)

  /// The path of a program that is named, or that is found in ``searchPath``.
  ///
  /// - Throws: `.unavailable` when there is none.
  static func find(_ name: String, attempted: String) throws(DriverError) -> String {
    let paths = name.hasPrefix("/") ? [name] : searchPath.split(separator: ":").map { "\($0)/\(name)" }
    if let found = paths.first(where: { access($0, X_OK) == 0 }) { return found }
    throw DriverError(.unavailable, attempted: attempted, words: "there is no \(name) on this host")
  }

  /// Runs it to its end; a cancelled task kills it.
  ///
  /// - Parameters:
  ///   - limit: then it is killed.
  ///   - started: called when it runs; it has its descriptors then.
  /// - Returns: its exit code, 128 + signal when it was killed.
  /// - Throws: `.timedOut` when it took longer than `limit`; `.failed` when it could not be started or was cancelled.
  func run(within limit: Duration, started: @escaping @Sendable () -> Void = {}) async throws(DriverError) -> Int32 {
    let run = Run()
    let deadline = ContinuousClock.now + limit
    // Not a child of this task: one that cannot die is left behind.
    Task { await perform(run, started) }
    let timer = Task {
      guard await Poller.shared.sleep(until: deadline) == .timeOver else { return }
      run.cancel(.timeOver)
      await killOthers()
      await Poller.shared.sleep(until: .now + Self.dyingTime)
      run.finish(.failure(DriverError(.timedOut, attempted: attempted, words: "it does not die")))
    }
    defer { timer.cancel() }
    let result = await withTaskCancellationHandler {
      await run.outcome()
    } onCancel: {
      run.cancel(.cancelled)
    }
    switch run.cancelled {
    case .timeOver:
      throw DriverError(.timedOut, attempted: attempted, words: "not done after \(limit)")
    case .cancelled:
      await Task { await killOthers() }.value
      throw DriverError(.failed, attempted: attempted, words: "cancelled")
    case nil: return try result.get()
    }
  }

  private func perform(_ run: Run, _ started: @Sendable () -> Void) async {
    var variables: [Environment.Key: String] = ["PATH": Self.searchPath, "LC_ALL": "C"]
    for (key, value) in environment {
      if let key = Environment.Key(rawValue: key) { variables[key] = value }
    }
    var platform = PlatformOptions()
    platform.createSession = true
    do {
      let null = try Descriptor(opening: "/dev/null", O_RDWR)
      func handed(_ number: Int32) -> FileDescriptor { FileDescriptor(rawValue: number < 0 ? null.number : number) }
      let result = try await Subprocess.run(
        Configuration(
          executable: .path(.init(path)), arguments: .init(arguments), environment: .custom(variables),
          platformOptions: platform),
        input: .fileDescriptor(handed(standardInput), closeAfterSpawningProcess: false),
        output: .fileDescriptor(handed(standardOutput), closeAfterSpawningProcess: false),
        error: .fileDescriptor(handed(standardError), closeAfterSpawningProcess: false)
      ) { execution in
        started()
        // Before this returns it is not reaped, and its number and its session's are nobody else's.
        await Self.watch(execution.processIdentifier.value, run)
      }
      switch result.terminationStatus {
      case .exited(let code): run.finish(.success(code))
      case .signaled(let signal): run.finish(.success(128 + signal))
      }
    } catch let error as DriverError {
      run.finish(.failure(error))
    } catch {
      run.finish(.failure(DriverError(.failed, attempted: attempted, words: "\(error)")))
    }
  }

  /// Returns when it has ended. When it is to end before that, it is killed with its session.
  private static func watch(_ process: pid_t, _ run: Run) async {
    let number = clinux_process_descriptor(process)
    // Nothing can be opened any more: it runs unwatched, and is killed when that was asked for already.
    guard number >= 0 else {
      if run.cancelled != nil { kill(-process, SIGKILL) }
      return
    }
    let descriptor = Descriptor(number: number)
    while await Poller.shared.wait(for: descriptor.number, ticket: run.ticket) != .ready {
      kill(-process, SIGKILL)
      kill(process, SIGKILL)
    }
    // What it has left behind in its session is nobody's.
    kill(-process, SIGKILL)
  }

  private enum Cancellation: Sendable {
    case timeOver
    case cancelled
  }

  /// What the parties to one run tell each other.
  private final class Run: Sendable {
    private struct State {
      var result: Result<Int32, DriverError>?
      var waiting: CheckedContinuation<Result<Int32, DriverError>, Never>?
      var cancelled: Cancellation?
    }

    private let state = Mutex(State())
    let ticket = Poller.shared.ticket()

    deinit {
      Poller.shared.forget(ticket)
    }

    var cancelled: Cancellation? { state.withLock { $0.cancelled } }

    func cancel(_ why: Cancellation) {
      let news = state.withLock { state in
        guard state.cancelled == nil, state.result == nil else { return false }
        state.cancelled = why
        return true
      }
      if news { Poller.shared.wake(ticket) }
    }

    /// The first counts.
    func finish(_ result: Result<Int32, DriverError>) {
      let waiting = state.withLock { state -> CheckedContinuation<Result<Int32, DriverError>, Never>? in
        guard state.result == nil else { return nil }
        state.result = result
        defer { state.waiting = nil }
        return state.waiting
      }
      waiting?.resume(returning: result)
    }

    func outcome() async -> Result<Int32, DriverError> {
      await withCheckedContinuation { continuation in
        let known = state.withLock { state in
          if state.result == nil { state.waiting = continuation }
          return state.result
        }
        if let known { continuation.resume(returning: known) }
      }
    }
  }
}
