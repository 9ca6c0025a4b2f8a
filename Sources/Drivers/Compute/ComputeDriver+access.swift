import Engine
import Glibc
import Ledger

extension ComputeDriver {
  public func start(_ lease: LeaseID) async throws(DriverError) {
    let place = try places.take(.order, of: lease, attempted: "start \(lease)")
    defer { place.giveBack() }
    try await exclusively(lease, as: "start") { old async throws(DriverError) in
      var record = old
      guard !record.suspended else {
        throw DriverError(.failed, attempted: "start \(lease)", words: "it is suspended")
      }
      record.wanted = true
      record.restarts?.forgive()
      if record.wanted != old.wanted || record.restarts != old.restarts {
        try await record.write(bundle(lease).record)
      }
      if try runGroup(lease).isPopulated() { return }
      try await launch(
        &record, image: try imageDefaults(record.spec), disk: try await attachedDisk(record.spec))
    }
  }

  public func stop(_ lease: LeaseID) async throws(DriverError) {
    let place = try places.take(.order, of: lease, attempted: "stop \(lease)")
    defer { place.giveBack() }
    try await exclusively(lease, as: "stop") { old async throws(DriverError) in
      var record = old
      record.wanted = false
      record.restarts?.forgive()
      if record.wanted != old.wanted || record.restarts != old.restarts {
        try await record.write(bundle(lease).record)
      }
      let group = group(lease)
      if !record.suspended, let first = try firstProcess(lease) {
        kill(first, SIGTERM)
        _ = try await Wait.until(options.stopPatience) { () throws(DriverError) in try !group.isPopulated() }
      }
      try await stopProcesses(bundle(lease))
      // Killing thaws.
      if record.suspended { try await group.freeze() }
    }
  }

  /// The container's process 1, as this host numbers it.
  ///
  /// The number is looked up in its control group and used at once; nothing of ours remembers process ids.
  private func firstProcess(_ lease: LeaseID) throws(DriverError) -> pid_t? {
    for process in try runGroup(lease).processes() {
      guard let status = try? HostFile.text("/proc/\(process)/status") else { continue }  // It ended meanwhile.
      let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
      if let inner = line?.split(whereSeparator: \.isWhitespace).last, inner == "1" { return process }
    }
    return nil
  }
}
