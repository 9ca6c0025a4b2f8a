import Engine
import Leasing
import Ledger
import Networks
import Units

extension ComputeDriver {
  public func inspect(_ lease: LeaseID) async throws(DriverError) -> ResourceStatus {
    try status(lease)
  }

  func status(_ lease: LeaseID) throws(DriverError) -> ResourceStatus {
    let generation = try fence.record(of: lease).generation
    return ResourceStatus(lease: lease, phase: try phase(lease), generation: generation)
  }

  private func phase(_ lease: LeaseID) throws(DriverError) -> ResourceStatus.Phase {
    let bundle = bundle(lease)
    guard HostFile.isFolder(bundle.folder) else { return group(lease).exists ? .partial : .absent }
    let found: ContainerRecord?
    do throws(DriverError) {
      found = try ContainerRecord.read(bundle.record)
    } catch {
      log.debug("container not readable", metadata: ["lease": "\(lease)", "error": "\(error)"])
      found = nil
    }
    guard let record = found, record.stage == .made else { return .partial }
    let runs = try group(lease).isPopulated()
    // Between the intention and the freezing it still runs, and that is what counts.
    if record.suspended {
      guard runs else { return .suspended }
      return try group(lease).isFrozen() ? .suspended : .running
    }
    return runs ? .running : .stopped
  }

  public func commandState(of lease: LeaseID) async throws(DriverError) -> CommandState? {
    try await BlockingWork.run(for: .door) { () throws(DriverError) in
      let phase = try phase(lease)
      let bundle = bundle(lease)
      guard phase != .absent, phase != .partial, let record = try ContainerRecord.read(bundle.record) else {
        return nil
      }
      var state = CommandState(
        .running, restart: record.restartPolicy, restarts: record.restarts?.count ?? 0)
      guard phase == .stopped else { return state }
      guard record.wanted else {
        state.command = .stopped
        return state
      }
      let code = BoxProgram.Report(try HostFile.bytes(bundle.exit) ?? []).code
      // A group that is gone has no counters.
      let kills = try runGroup(lease).oomKills() ?? 0
      state.command = .ended(code: code, outOfMemory: code == 137 && kills > 0)
      state.restartsAt = record.restarts?.dueAt
      return state
    }
  }

  public func list() async throws(DriverError) -> [ResourceStatus] {
    var leases = Set(try HostFile.names(in: folder).compactMap { LeaseID($0) })
    // A folder that was taken away by hand leaves its control group behind: it is ours, and still runs.
    leases.formUnion(try groups.children().compactMap { LeaseID($0) })
    var found: [ResourceStatus] = []
    for lease in leases.sorted() {
      let status = try status(lease)
      // It may have gone while we looked.
      if status.phase != .absent { found.append(status) }
    }
    return found
  }

  /// Bytes to and from the world, of leases with a network, are counted by an incarnation of their own: that of the cable.
  ///
  /// Processor time in microseconds, since the lease's control group was made: a stop and a start do not take it back,
  /// a restart of the host does (and raises the incarnation). Leases that are not there are left out.
  ///
  /// Each reading also keeps the container's log in bounds.
  public func measure(_ leases: [LeaseID]?) async throws(DriverError) -> [Measurement] {
    return try await BlockingWork.run(for: .meter) { () throws(DriverError) in
      let asked: [LeaseID]
      if let leases { asked = leases } else { asked = try HostFile.names(in: folder).compactMap { LeaseID($0) } }
      var measurements: [Measurement] = []
      let counted = try cables.networks.counters()
      for lease in asked {
        do throws(DriverError) {
          measurements += try self.measurements(lease, counted)
        } catch {
          // One that cannot be read must not hide the others; a lost sample heals.
          log.debug("container not measured", metadata: ["lease": "\(lease)", "error": "\(error)"])
        }
      }
      return measurements
    }
  }

  private func measurements(
    _ lease: LeaseID, _ interfaces: [String: InterfaceCounters]
  ) throws(DriverError) -> [Measurement] {
    let bundle = bundle(lease)
    guard let record = try ContainerRecord.read(bundle.record), record.stage == .made else { return [] }
    let group = group(lease)
    let at = clock.now()
    var counters: [Meter: Int64] = [:]
    var levels: [Meter: Int64] = [:]
    if let cpu = try group.cpuMicroseconds() { counters[.cpu] = cpu }
    if let memory = try group.memoryBytes() { levels[.memory] = memory }
    if let disk = try WritableLayer(bundle: bundle).used() { levels[.disk] = disk }
    do throws(DriverError) {
      try OutputLog(bundle).rotate()
    } catch {
      // Who holds his log against us grows it on his own disk, and is measured all the same.
      log.debug("log not rotated", metadata: ["lease": "\(lease)", "error": "\(error)"])
    }
    let measured = Measurement(
      lease: lease, incarnation: record.incarnation, at: at, counters: counters, levels: levels)
    guard let cable = record.cable, cable.isWhole, let home = cables.networks.mayBeHome(record.spec),
      let counted = interfaces[home.interface]
    else {
      return [measured]
    }
    // What the host's end receives is what the container sends.
    return [
      measured,
      Measurement(
        lease: lease, incarnation: cable.incarnation, at: at,
        counters: [.egress: counted.received, .ingress: counted.sent], levels: [:]),
    ]
  }
}
