import Engine
import Glibc
import Ledger
import Synchronization
import TestKit
import Testing
import Text
import Units

@testable import Drivers

@Suite(.serialized, .containerHost()) struct ComputeConformanceTests {
  @Test(arguments: ResourceDriverConformance.allCases)
  func conforms(_ promise: ResourceDriverConformance) async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      try await promise.run(on: Bench(host: host))
    }
  }

  final class Bench: ResourceDriverBench {
    let host: ComputeHost
    private let current: Mutex<ComputeDriver>

    init(host: ComputeHost) {
      self.host = host
      current = Mutex(host.driver)
    }

    var driver: any ResourceDriver { current.withLock { $0 } }

    func spec(_ lease: LeaseID) -> ResourceSpec { host.spec(lease) }
    func larger(_ lease: LeaseID) -> ResourceSpec { host.spec(lease, memory: 96, cpu: 1_500, pids: 96, disk: 48) }

    func restart() async throws {
      let driver = try host.another()
      current.withLock { $0 = driver }
    }

    func traces(of lease: LeaseID) async throws -> [String] {
      let driver = host.driver
      let bundle = driver.bundle(lease)
      var found: [String] = []
      let folders =
        [bundle.folder, "\(driver.runtime.folder)/\(lease)"]
        + driver.mode.hierarchies.map { $0 + driver.group(lease).path }
      found += folders.filter { HostFile.exists($0) }
      found += try MountTable.read().entries.map(\.mountPoint).filter { $0.hasPrefix(bundle.folder) }
      for name in try HostFile.names(in: "/sys/block") where name.hasPrefix("loop") {
        // A device may be let go while it is looked at.
        let backing = try? HostFile.text("/sys/block/\(name)/loop/backing_file")
        if backing?.contains("\(lease)") == true { found.append(name) }
      }
      found += try driver.group(lease).processes().map { "process \($0)" }
      found += try host.processes().filter { $0.contains("\(lease)") }
      return found
    }

    var halfMade: [HalfDone] {
      let host = host
      return ComputeRepairTests.Half.allCases.filter(\.isMaking).map { half in
        HalfDone("\(half)") { spec in try await half.leave(spec, on: host) }
      }
    }

    var halfDestroyed: [HalfDone] {
      let driver = host.driver
      @Sendable func destroying(_ spec: ResourceSpec) async throws -> Bundle {
        let bundle = driver.bundle(spec.lease)
        var record = try #require(try ContainerRecord.read(bundle.record))
        record.stage = .destroying
        try await record.write(bundle.record)
        return bundle
      }
      return [
        HalfDone("written") { _ = try await destroying($0) },
        HalfDone("killed") { try await driver.stopProcesses(await destroying($0)) },
        HalfDone("unmounted") {
          let bundle = try await destroying($0)
          try await driver.stopProcesses(bundle)
          try await WritableLayer(bundle: bundle).unmount()
        },
        HalfDone("erased") {
          let bundle = try await destroying($0)
          try await driver.stopProcesses(bundle)
          try await WritableLayer(bundle: bundle).unmount()
          _ = try await WritableLayer(bundle: bundle).erase(.discarded)
        },
        HalfDone("without groups") {
          let bundle = try await destroying($0)
          try await driver.stopProcesses(bundle)
          try await WritableLayer(bundle: bundle).unmount()
          try await driver.group(bundle.lease).remove()
        },
        HalfDone("without record") {
          let bundle = try await destroying($0)
          try await driver.stopProcesses(bundle)
          try await WritableLayer(bundle: bundle).unmount()
          try HostFile.removeFile(bundle.record)
        },
      ]
    }
  }
}
