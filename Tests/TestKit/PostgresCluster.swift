import Foundation
import Postgres

/// A private PostgreSQL server on a unix socket, gone with the process that started it, however that ends.
///
/// `scripts/postgres hold` does the work; it watches the other end of a pipe of ours.
public final class PostgresCluster: Sendable {
  /// A libpq URL of a database in it whose user may create databases.
  public let url: String
  private let folder: String?
  private let script: Spawned?

  /// The one that tests share: the server of `LEASEHOLD_TEST_DATABASE`, or one started for this process.
  public static func shared() async throws -> PostgresCluster {
    try await sharedTask.value
  }

  private static let sharedTask = Task {
    if let url = ProcessInfo.processInfo.environment["LEASEHOLD_TEST_DATABASE"] {
      return PostgresCluster(url: url, folder: nil, script: nil)
    }
    return try await start()
  }

  /// A server of its own, for tests that stop it or set it up differently.
  /// - Parameter options: as for `postgres`: `-c name=value …`.
  public static func start(options: String = "-c max_connections=1000") async throws -> PostgresCluster {
    var template = Array("/tmp/leasehold-test-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw POSIXError(.EIO) }
    let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // The server's user must get in; what it keeps there is closed to others.
    chmod(folder, 0o755)
    return try await blocking {
      let script = try Spawned(
        [scriptPath, "hold", folder], environment: ["LEASEHOLD_POSTGRES_OPTIONS": options])
      let url = try script.readLine()
      return PostgresCluster(url: url, folder: folder, script: script)
    }
  }

  private init(url: String, folder: String?, script: Spawned?) {
    self.url = url
    self.folder = folder
    self.script = script
  }

  /// Where its files are (`server.key` and the like go into ``dataFolder``); nil for a server that is not ours.
  public var dataFolder: String? {
    folder.map { URL(fileURLWithPath: $0 + "/data").resolvingSymlinksInPath().path }
  }

  /// Stops the server, breaking every connection to it.
  public func stop() async throws { try await control("stop") }

  /// Starts it again after ``stop()``.
  public func restart(options: String = "-c max_connections=1000") async throws {
    try await control("stop")
    try await control("start", ["LEASEHOLD_POSTGRES_OPTIONS": options])
  }

  /// Ends it for good. Happens by itself when the process ends.
  public func remove() {
    script?.finish()
  }

  private func control(_ verb: String, _ environment: [String: String] = [:]) async throws {
    guard let folder else { throw PostgresError(.misuse, "only a server of the tests' own can be stopped") }
    try await blocking {
      let script = try Spawned([Self.scriptPath, verb, folder], environment: environment)
      let status = script.finish()
      guard status == 0 else { throw PostgresError(.misuse, "scripts/postgres \(verb) failed: \(status)") }
    }
  }

  private static let scriptPath = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("scripts/postgres").path
}

/// Runs blocking code beside the threads that Swift's tasks share.
func blocking<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
  try await withCheckedThrowingContinuation { continuation in
    DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
  }
}

/// A child process with pipes to its standard input and from its standard output that no other child inherits.
final class Spawned: Sendable {
  private static let lock = NSLock()
  private let pid: pid_t
  private let input: Int32
  private let output: Int32

  init(_ arguments: [String], environment: [String: String]) throws {
    var toChild: [Int32] = [0, 0]
    var fromChild: [Int32] = [0, 0]
    // Between `pipe` and `fcntl` no sibling may be spawned: it would hold our end open, perhaps for ever.
    Spawned.lock.lock()
    defer { Spawned.lock.unlock() }
    guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else { throw POSIXError(.EMFILE) }
    for end in toChild + fromChild { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
    posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
    // Whatever else is open here, sockets of other tests by the hundred, is not the server's to have.
    // One that is closed in between is no error.
    for name in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
      if let number = Int32(name), number > 2 { posix_spawn_file_actions_addclose(&actions, number) }
    }
    defer { posix_spawn_file_actions_destroy(&actions) }
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }.map { "\($0.key)=\($0.value)" }
    var argv = arguments.map { strdup($0) } + [nil]
    var envp = variables.map { strdup($0) } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var child = pid_t()
    let code = posix_spawn(&child, arguments[0], &actions, nil, &argv, &envp)
    close(toChild[0])
    close(fromChild[1])
    guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .ENOEXEC) }
    pid = child
    input = toChild[1]
    output = fromChild[0]
  }

  func readLine() throws -> String {
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(output, &byte, 1) == 1 {
      if byte == UInt8(ascii: "\n") { return String(decoding: line, as: UTF8.self) }
      line.append(byte)
    }
    throw PostgresError(.misuse, "the child said nothing; its complaint is above")
  }

  /// Ends its input and waits for it to end.
  @discardableResult
  func finish() -> Int32 {
    close(input)
    // Read to its end: a child that finds nobody listening dies before it is done.
    var rest = [UInt8](repeating: 0, count: 256)
    while read(output, &rest, rest.count) > 0 {}
    close(output)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    return status
  }
}
