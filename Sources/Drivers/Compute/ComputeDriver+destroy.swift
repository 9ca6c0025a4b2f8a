import Engine
import Glibc
import Ledger

extension ComputeDriver {
  public func destroy(_ lease: LeaseID, generation: Int64) async throws(DriverError) -> ErasureReceipt {
    try await fence.exclusively(
      lease, generation, .destroy, as: "destroy",
      interrupting: { () async throws(DriverError) in try await runtime.endStrays(of: lease) }
    ) { () async throws(DriverError) in
      let bundle = bundle(lease)
      let record: ContainerRecord?
      do throws(DriverError) {
        record = try ContainerRecord.read(bundle.record)
      } catch {
        // An unreadable record is one more reason to take it all away.
        record = nil
      }
      if var record, record.stage != .destroying {
        record.stage = .destroying
        try await record.write(bundle.record)
      }
      let receipt = try await clear(bundle)
      return receipt ?? ErasureReceipt(method: .absent, detail: "there was no container")
    }
  }

  /// Takes away whatever there is of a container, in whatever state; `nil` when it had no writable layer.
  ///
  /// Only names we gave are removed and no folder is walked: a mount that is still there makes this fail, and never
  /// makes it delete what is mounted.
  func clear(_ bundle: Bundle) async throws(DriverError) -> ErasureReceipt? {
    let group = group(bundle.lease)
    guard HostFile.isFolder(bundle.folder) || group.exists else { return nil }
    try await runtime.endStrays(of: bundle.lease)
    try await stopProcesses(bundle)
    try await cables.takeAway(bundle)
    let layer = WritableLayer(bundle: bundle)
    try await layer.unmount()
    let receipt = try await layer.erase(options.erasure)
    try await group.remove()
    groups.removeIfEmpty()
    try await BlockingWork.run { () throws(DriverError) in
      guard HostFile.isFolder(bundle.folder) else { return }
      for name in try HostFile.names(in: bundle.commands) { try HostFile.removeFile(bundle.commands + "/" + name) }
      for folder in bundle.mountPoints + [bundle.commands] { try HostFile.removeFolder(folder) }
      for file in [
        bundle.configuration, bundle.runtimeLog, bundle.exit, bundle.olderOutput, bundle.logMarks, bundle.resolvers,
      ] {
        try HostFile.removeFile(file)
      }
      for name in try HostFile.names(in: bundle.folder) where TemporaryName.isTemporary(name) {
        try HostFile.removeFile(bundle.folder + "/" + name)
      }
      // Last, because it is what says that the rest is ours.
      try HostFile.removeFile(bundle.record)
      try HostFile.removeFolder(bundle.folder)
      try HostFile.syncFolder(of: bundle.folder)
    }
    return receipt
  }
}
