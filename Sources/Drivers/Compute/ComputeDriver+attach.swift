import Engine
import Ledger

extension ComputeDriver {
  /// Nothing of a container that saw a disk survives the disk's going: a descriptor can be hidden where no list shows it
  /// (in a socket's queue, in a ring), so that taking the mount away alone would prove nothing. All its processes are
  /// ended, its mount namespace goes with them, and it is started again without.
  public func setDisk(_ disk: AttachedDisk?, of lease: LeaseID) async throws(DriverError) {
    let seen = try made(lease, "set the disk of")
    guard seen.spec.attached != disk || seen.sees != disk else { return }
    // A container that ended by itself is not begun anew for it.
    let ran = try runGroup(lease).isPopulated()
    // At once, whoever else acts on the container now and for how long.
    if seen.sees != nil, seen.sees != disk { try await group(lease).killAll() }
    try await exclusively(lease, as: "set the disk of") { old async throws(DriverError) in
      var record = old
      record.spec.attached = disk
      let isStale = record.sees != disk
      let runs = try runGroup(lease).isPopulated()
      if isStale {
        // The intention first: whatever starts it from here on starts it so.
        try await record.write(bundle(lease).record)
        try await stopProcesses(bundle(lease))
        record.sees = nil
      }
      try await record.write(bundle(lease).record)
      guard isStale else { return }
      if record.suspended {
        // Killing thaws.
        try await group(lease).freeze()
      } else if record.wanted, ran || runs {
        try await launch(
          &record, image: try imageDefaults(record.spec), disk: try await attachedDisk(record.spec))
      }
      log.info(
        "a container's disk was changed",
        metadata: ["lease": "\(lease)", "disk": "\(disk.map { "\($0.lease)" } ?? "none")"])
    }
  }
}
