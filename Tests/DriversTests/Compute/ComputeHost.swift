import Engine
import Foundation
import Glibc
import Leasing
import Ledger
import TestKit
import Testing
import Text
import Units

@testable import Drivers

/// A state folder with a small image, and one driver over it; what a test makes in it must be gone at its end.
struct ComputeHost: Sendable {
  let folder: String
  let driver: ComputeDriver
  let clock = ManualClock()

  /// Runs a test in a host of its own, destroys what it has made, and sees that nothing is left anywhere.
  static func with(
    volumes: (any VolumeAccess)? = nil, options: ComputeDriver.Options = .quick,
    _ body: (ComputeHost) async throws -> Void
  ) async throws {
    var template = Array("/var/tmp/leasehold-compute-XXXXXX".utf8CString)
    let folder = try #require(mkdtemp(&template).map { String(cString: $0) })
    #expect(chmod(folder, 0o755) == 0)
    let host = try ComputeHost(folder: folder, volumes: volumes, options: options)
    do {
      try await body(host)
    } catch {
      try await host.close()
      throw error
    }
    try await host.close()
  }

  private init(folder: String, volumes: (any VolumeAccess)?, options: ComputeDriver.Options) throws {
    self.folder = folder
    driver = try ComputeDriver(stateDirectory: folder, volumes: volumes, clock: clock, options: options)
    try Self.makeImage(folder + "/image/rootfs")
  }

  /// Another driver over the same state: the daemon after a restart.
  func another(volumes: (any VolumeAccess)? = nil) throws -> ComputeDriver {
    try ComputeDriver(stateDirectory: folder, volumes: volumes, clock: clock, options: driver.options)
  }

  private func close() async throws {
    for found in try await driver.list() {
      do {
        _ = try await driver.destroy(found.lease, generation: .max)
      } catch {
        Issue.record(error, "the others must go all the same")
      }
    }
    #expect(try await driver.list().isEmpty)
    #expect(try MountTable.read().entries.filter { $0.mountPoint.hasPrefix(folder) } == [])
    for tree in driver.mode.hierarchies {
      #expect(!FileManager.default.fileExists(atPath: tree + driver.groups.path), "a control group is left")
    }
    #expect(try processes() == [])
    #expect(try HostFile.names(in: driver.folder).filter { $0 != ".network" } == [".fences", ".init", ".runtime"])
    #expect(try HostFile.names(in: driver.runtime.folder) == [])
    try FileManager.default.removeItem(atPath: folder)
  }

  /// Programs of the host that have this host's folder among their arguments.
  func processes() throws -> [String] {
    try HostFile.names(in: "/proc").filter { Int32($0) != nil }.compactMap {
      let text = try? HostFile.text("/proc/\($0)/cmdline")
      return text?.contains(driver.runtime.folder) == true ? text : nil
    }
  }

  static func makeImage(_ root: String) throws {
    for name in ["bin", "dev", "etc", "proc", "root", "sys", "tmp"] {
      try FileManager.default.createDirectory(atPath: "\(root)/\(name)", withIntermediateDirectories: true)
    }
    #expect(chmod(root + "/tmp", 0o1777) == 0)
    try FileManager.default.copyItem(atPath: "/bin/busybox", toPath: root + "/bin/busybox")
    for name in [
      "sh", "cat", "cp", "dd", "echo", "grep", "head", "id", "ip", "kill", "ls", "mkdir", "mkfifo", "mount", "nc", "ps",
      "rm",
      "seq",
      "setsid", "sleep", "stat", "touch", "true", "unshare", "wc", "yes", "chown", "trap", "tr", "sync",
    ] { #expect(symlink("busybox", "\(root)/bin/\(name)") == 0) }
  }

  func spec(
    _ lease: LeaseID = .random(), command: [String] = [], memory: Int64 = 64, cpu: Int64 = 1_000, pids: Int64 = 64,
    disk: Int64 = 32, environment: [String: String] = [:], attach: LeaseID? = nil
  ) -> ResourceSpec {
    ResourceSpec(
      lease: lease,
      resources: Resources(
        disk: .mebibytes(disk), cpuMillis: cpu, memory: .mebibytes(memory), pids: pids),
      uidBase: 0x2000_0000 + UInt32(lease.low % 4_096) * 65_536,
      image: ImageReference(name: "test", digest: "sha256:0", path: folder + "/image"), command: command,
      environment: environment, disk: attach)
  }

  /// A running container.
  func container(_ spec: ResourceSpec) async throws -> LeaseID {
    try await driver.provision(spec, generation: 1)
    return spec.lease
  }

  func container() async throws -> LeaseID { try await container(spec()) }

  /// What a script in the container says, and its code.
  @discardableResult
  func run(
    _ script: String, in lease: LeaseID, input: String = "", timeout: Seconds? = 60
  ) async throws -> (code: Int32, out: String, err: String) {
    let stream = try await driver.exec(
      ExecCommand(arguments: ["/bin/sh", "-c", script], timeout: timeout), input: .bytes(Array(input.utf8)),
      in: lease)
    return try await Self.collect(stream)
  }

  static func collect(
    _ stream: AsyncThrowingStream<ExecOutput, any Error>
  ) async throws -> (code: Int32, out: String, err: String) {
    var out: [UInt8] = []
    var err: [UInt8] = []
    for try await piece in stream {
      switch piece {
      case .standardOutput(let bytes): out += bytes
      case .standardError(let bytes): err += bytes
      case .exited(let code):
        return (code, String(decoding: out, as: UTF8.self), String(decoding: err, as: UTF8.self))
      case .failed(let reason): throw Broken(reason: reason)
      }
    }
    throw Broken(reason: "no end")
  }

  struct Broken: Error, Equatable { var reason: String }

  func phase(_ lease: LeaseID) async throws -> ResourceStatus.Phase { try await driver.inspect(lease).phase }

  /// Waits for something to become true that the kernel gives no signal for; five minutes without is a failure.
  func eventually(_ words: Comment, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(300)
    while try await !condition() {
      try #require(ContinuousClock.now < end, words)
      // Between two looks the processor is for what is waited for.
      try await Task.sleep(for: .milliseconds(10))
    }
  }
}

extension ComputeDriver.Options {
  static var quick: Self {
    var options = Self()
    options.stopPatience = .milliseconds(200)
    return options
  }
}

extension LeaseID {
  static func random() -> LeaseID {
    LeaseID(unixMilliseconds: 1_800_000_000_000, random: (.random(in: .min ... .max), .random(in: .min ... .max)))
  }
}

extension Trait where Self == ConditionTrait {
  static func containerHost(_ suite: String = #fileID) -> Self {
    .needs(.root, .overlay, .loop, .containers, suite: suite)
  }
}
