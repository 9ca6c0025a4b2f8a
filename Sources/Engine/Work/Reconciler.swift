import Leasing
import Ledger
import Logging
import Units

/// Compares what drivers hold with what leases say (a reconciliation loop), both ways. Acts on positive evidence only: a driver that does not
/// answer, or an empty list, says nothing.
public struct Reconciler: Sendable {
  let store: any Store
  let loop: LeaseLoop
  let clock: any WallClock
  let drivers: ResourceDrivers
  let specs: ResourceSpecs
  /// A resource nobody knows is destroyed only after so long.
  let orphanGrace: Seconds
  let log: Logger

  public func reconcile() async throws {
    for (place, driver) in drivers.all {
      let found: [ResourceStatus]
      do throws(DriverError) {
        found = try await driver.list()
      } catch {
        log.warning(
          "a driver could not list its resources", metadata: ["driver": "\(driver.name)", "error": "\(error)"])
        continue
      }
      for status in found { try await reconcile(status, driver) }
      try await lookForLosses(place, driver, listed: Set(found.map(\.lease)))
    }
  }

  /// A resource on the host: is there a lease that wants it so?
  private func reconcile(_ status: ResourceStatus, _ driver: any ResourceDriver) async throws {
    let id = status.lease
    let known = try await store.transaction { tx in (try tx.lease(id), try tx.effects(of: id)) }
    guard let record = known.0 else {
      // Perhaps another database's. Shown, never touched.
      log.warning("a resource bears our mark but is no lease of ours", metadata: ["lease": "\(id)"])
      return
    }
    let isBusy = known.1.contains { $0.claim.effect.lane == .resource }
    guard !isBusy else { return }
    let lease = record.lease
    do throws(DriverError) {
      switch lease.state {
      case .closed(let at, _):
        guard clock.now() > at + orphanGrace, status.phase != .absent else { return }
        log.warning("destroying an orphan", metadata: ["lease": "\(id)", "phase": "\(status.phase.rawValue)"])
        _ = try await driver.destroy(id, generation: max(lease.generation, status.generation))
      case .suspended(_, _, resuming: false):
        guard status.phase == .running else { return }
        log.warning("a suspended lease was running", metadata: ["lease": "\(id)"])
        try await driver.suspend(id, generation: lease.generation)
      case .active, .grace:
        if lease.flags.frozen != nil {
          if status.phase == .running { try await driver.suspend(id, generation: lease.generation) }
        } else if lease.flags.impaired == nil, status.phase == .suspended {
          log.warning("a lease in service was suspended", metadata: ["lease": "\(id)"])
          try await driver.resume(try await specs.spec(of: record), generation: lease.generation)
        }
      case .quoted, .provisioning, .suspended, .reclaiming:
        break
      }
    } catch {
      log.warning("drift could not be mended", metadata: ["lease": "\(id)", "error": "\(error)"])
    }
  }

  /// A lease in service whose resource the driver positively says is absent has lost it.
  private func lookForLosses(_ place: ResourceDrivers.Place, _ driver: any ResourceDriver, listed: Set<LeaseID>)
    async throws
  {
    var after: LeaseID?
    while true {
      let from = after
      let page = try await store.transaction { tx in
        try tx.leases(LeaseQuery(states: [.active, .grace], after: from, limit: 500))
      }
      for record in page where record.lease.terms.kind == place.kind && !listed.contains(record.lease.id) {
        guard record.placement?.host == place.host, record.lease.flags.impaired == nil else { continue }
        let id = record.lease.id
        let status: ResourceStatus
        do throws(DriverError) {
          status = try await driver.inspect(id)
        } catch {
          continue
        }
        guard status.phase == .absent else { continue }
        log.error("a lease in service has lost its resource", metadata: ["lease": "\(id)"])
        try await loop.handle(
          .impaired(reason: "the resource is gone from its host"), for: id,
          eventID: EventID(.lost, "\(id):\(record.lease.version)"), cause: .init(type: .reconciler, id: place.host),
          evidence: ["driver": driver.name, "phase": status.phase.rawValue])
      }
      guard page.count == 500, let last = page.last else { return }
      after = last.lease.id
    }
  }
}
