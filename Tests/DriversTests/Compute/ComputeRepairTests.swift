import CLinux
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

/// What a daemon that was killed leaves, made by hand; the next order on the lease puts it right.
@Suite(.serialized, .containerHost()) struct ComputeRepairTests {
  enum Half: CaseIterable, Sendable {
    case emptyFolder
    case recordOnly
    case halfAnImage
    case imageAttachedButNotJoined
    case imageAttachedAndJoined
    case mountedButNotStarted
    case startedButNotWritten
    case unreadableRecord
    case destroyingAndStillRunning
    case folderGoneByHand

    /// A crash while it was made; the others came when it ran.
    var isMaking: Bool {
      switch self {
      case .emptyFolder, .recordOnly, .halfAnImage, .imageAttachedButNotJoined, .imageAttachedAndJoined,
        .mountedButNotStarted, .startedButNotWritten:
        true
      case .unreadableRecord, .destroyingAndStillRunning, .folderGoneByHand: false
      }
    }

    /// Leaves the lease as a crash would have.
    func leave(_ spec: ResourceSpec, on host: ComputeHost) async throws {
      let bundle = host.driver.bundle(spec.lease)
      func record(_ stage: ContainerRecord.Stage) async throws {
        try await ContainerRecord(spec: spec, stage: stage, incarnation: 1, wanted: true, suspended: false).write(
          bundle.record)
      }
      switch self {
      case .emptyFolder:
        try HostFile.makeFolder(bundle.folder, mode: 0o711)
      case .recordOnly:
        try HostFile.makeFolder(bundle.folder, mode: 0o711)
        try await record(.making)
      case .halfAnImage:
        try HostFile.makeFolder(bundle.folder, mode: 0o711)
        try await record(.making)
        try HostFile.replace(TemporaryName.beside(bundle.image), with: "half")
      case .imageAttachedButNotJoined, .imageAttachedAndJoined:
        try await Half.mountedButNotStarted.leave(spec, on: host)
        if self == .imageAttachedButNotJoined { #expect(umount2(bundle.root, Int32(UMOUNT_NOFOLLOW)) == 0) }
        // Twice: it was killed there, begun again, and killed there again.
        for _ in 0..<2 {
          let image = host.folder + "/image/rootfs"
          let clone = Descriptor(number: clinux_mount_clone_mapped(image, 0, spec.uidBase, 65_536, 1))
          #expect(clinux_mount_attach(clone.number, bundle.lower) == 0)
        }
      case .mountedButNotStarted:
        try HostFile.makeFolder(bundle.folder, mode: 0o711)
        try await record(.making)
        let layer = WritableLayer(bundle: bundle)
        try await layer.make(disk: spec.resources.disk)
        try await layer.mount(imageRoot: host.folder + "/image/rootfs", uidBase: spec.uidBase)
        try host.driver.group(spec.lease).make()
      case .startedButNotWritten:
        _ = try await host.container(spec)
        try await record(.making)
      case .unreadableRecord:
        _ = try await host.container(spec)
        try HostFile.replace(bundle.record, with: "{")
      case .destroyingAndStillRunning:
        _ = try await host.container(spec)
        try await record(.destroying)
      case .folderGoneByHand:
        _ = try await host.container(spec)
        let layer = WritableLayer(bundle: bundle)
        for point in bundle.mountPoints where try MountTable.read().mounted(on: point) != nil {
          #expect(umount2(point, Int32(MNT_DETACH)) == 0)
        }
        try FileManager.default.removeItem(atPath: layer.bundle.folder)
      }
    }
  }

  @Test(arguments: Half.allCases) func destroyTakesItAway(_ half: Half) async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      try await half.leave(spec, on: host)
      #expect(try await host.phase(spec.lease) == .partial)
      #expect(try await host.driver.list().map(\.phase) == [.partial])
      _ = try await host.driver.destroy(spec.lease, generation: 2)
      #expect(try await host.phase(spec.lease) == .absent)
    }
  }

  @Test(arguments: Half.allCases.filter { $0 != .unreadableRecord })
  func provisionMakesItWhole(_ half: Half) async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      try await half.leave(spec, on: host)
      try await host.driver.provision(spec, generation: 2)
      #expect(try await host.phase(spec.lease) == .running)
      #expect(try await host.run("echo whole > /x; cat /x", in: spec.lease).out == "whole\n")
    }
  }

  @Test func afterARestartOfTheHostItRunsAgainWithItsFiles() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      let lease = try await host.container(spec)
      try await host.run("echo kept > /kept", in: lease)
      // Processes, groups, mounts and the runtime's memory of it go; the folder stays.
      let bundle = host.driver.bundle(lease)
      try await host.driver.group(lease).killAll()
      try await host.driver.runtime.forget(bundle)
      try await host.driver.group(lease).remove()
      try await WritableLayer(bundle: bundle).unmount()
      #expect(try await host.phase(lease) == .stopped)
      try await host.driver.resume(spec, generation: 2)
      #expect(try await host.run("cat /kept", in: lease).out == "kept\n")
      let measured = try #require(try await host.driver.measure([lease]).first)
      // The counters began anew.
      #expect(measured.incarnation == 2)
    }
  }

  @Test func aStrayRuntimeOfAKilledDaemonIsEnded() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      // A runtime at work for somebody who is gone: `exec` of a command that does not end.
      let stray = Process()
      stray.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      stray.arguments = ["runc", "--root", host.driver.runtime.folder, "exec", "\(lease)", "sleep", "1000"]
      stray.standardInput = FileHandle.nullDevice
      stray.standardOutput = FileHandle.nullDevice
      stray.standardError = FileHandle.nullDevice
      try stray.start()
      try await host.eventually("it does not begin") { try host.driver.runGroup(lease).processes().count >= 3 }
      _ = try await host.driver.destroy(lease, generation: 2)
      #expect(try host.processes() == [])
      stray.waitUntilExit()
    }
  }

  @Test func aForsakenCommandIsEnded() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      let bundle = host.driver.bundle(lease)
      // A command left running in a group of its own, and its file unlocked: the daemon that watched it is gone.
      let group = host.driver.runGroup(lease).child("xforsaken")
      try group.makeTracked()
      try HostFile.makeFolder(bundle.commands, mode: 0o700)
      try HostFile.replace(bundle.commands + "/xforsaken", with: "{}")
      let command = Process()
      command.executableURL = URL(fileURLWithPath: "/bin/sleep")
      command.arguments = ["1000"]
      try command.start()
      let file = try Descriptor(opening: host.driver.mode.tracking + group.path + "/cgroup.procs", O_WRONLY)
      try HostFile.write(Array("\(command.processIdentifier)".utf8), to: file.number, named: "cgroup.procs")
      #expect(try await host.run("true", in: lease).code == 0)
      command.waitUntilExit()
      #expect(command.terminationStatus == SIGKILL)
      #expect(!group.exists)
      #expect(try HostFile.names(in: bundle.commands).isEmpty)
    }
  }
}
