import Engine
import Glibc
import Leasing
import Ledger

/// Restart policies. What must happen later is in the container's record, so that whichever daemon looks next, goes on.
extension ComputeDriver {
  /// So many at once: one that hangs until the runtime's patience is over holds up no other.
  private static let atOnce = 8

  public func restartEnded() async -> [LeaseID] {
    let ended: [LeaseID]
    do throws(DriverError) {
      ended = try await BlockingWork.run(for: .meter) { () throws(DriverError) in try toBeSeenTo() }
    } catch {
      log.warning("ended containers could not be looked for", metadata: ["error": "\(error)"])
      return []
    }
    return await withTaskGroup(of: LeaseID?.self) { group in
      var started: [LeaseID] = []
      var waiting = ended[...]
      for lease in waiting.prefix(Self.atOnce) { group.addTask { await restart(lease) ? lease : nil } }
      waiting = waiting.dropFirst(Self.atOnce)
      while let result = await group.next() {
        if let result { started.append(result) }
        if let lease = waiting.popFirst() { group.addTask { await restart(lease) ? lease : nil } }
      }
      return started.sorted()
    }
  }

  /// Those whose turn it is, and those of whom nobody has seen yet that they ended.
  private func toBeSeenTo() throws(DriverError) -> [LeaseID] {
    var found: [LeaseID] = []
    for name in try HostFile.names(in: folder) {
      guard let lease = LeaseID(name) else { continue }
      do throws(DriverError) {
        guard var record = try ContainerRecord.read(bundle(lease).record), record.stage == .made else { continue }
        let known = record.restarts
        switch try answer(&record) {
        case .starts: found.append(lease)
        case .waits: if record.restarts != known { found.append(lease) }
        case .stays, nil: continue
        }
      } catch {
        // One that cannot be read must not hide the others; every other verb says so too.
        log.debug("container not looked at", metadata: ["lease": "\(lease)", "error": "\(error)"])
      }
    }
    return found
  }

  /// - Returns: `nil` for what runs, or shall not.
  private func answer(_ record: inout ContainerRecord) throws(DriverError) -> Restarts.Answer? {
    let lease = record.spec.lease
    guard record.restartPolicy != .never, record.wanted, !record.suspended, try !group(lease).isPopulated() else {
      return nil
    }
    let code = BoxProgram.Report(try HostFile.bytes(bundle(lease).exit) ?? []).code
    var restarts = record.restarts ?? Restarts()
    let answer = restarts.ended(code, under: record.restartPolicy, at: clock.now())
    record.restarts = restarts
    return answer
  }

  /// Whether it has ended and is started again of itself: who follows its log waits for that.
  func isToStartAgain(_ lease: LeaseID) throws(DriverError) -> Bool {
    guard var record = try ContainerRecord.read(bundle(lease).record), record.stage == .made else { return false }
    switch try answer(&record) {
    case .starts, .waits: return true
    case .stays, nil: return false
    }
  }

  /// - Returns: whether it was started.
  private func restart(_ lease: LeaseID) async -> Bool {
    do throws(DriverError) {
      let place = try places.take(.order, of: lease, attempted: "restart \(lease)")
      defer { place.giveBack() }
      return try await exclusively(lease, as: "restart") { old async throws(DriverError) in
        var record = old
        // Whoever had the container until now may have stopped, started or suspended it.
        let answer = try answer(&record)
        if answer == .starts { record.restarts?.count(at: clock.now()) }
        if record.restarts != old.restarts { try await record.write(bundle(lease).record) }
        guard answer == .starts else { return false }
        try await launch(
          &record, image: try imageDefaults(record.spec), disk: try await attachedDisk(record.spec))
        log.info(
          "a container that had ended was started again",
          metadata: ["lease": "\(lease)", "restarts": "\(record.restarts?.count ?? 0)"])
        return true
      }
    } catch {
      log.info("an ended container could not be started again", metadata: ["lease": "\(lease)", "error": "\(error)"])
      return false
    }
  }
}
