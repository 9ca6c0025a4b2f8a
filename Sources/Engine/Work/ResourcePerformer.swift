import Leasing
import Ledger
import Units

/// The resource lane: what the drivers of this daemon are asked for.
struct ResourcePerformer: Sendable {
  let drivers: ResourceDrivers
  let specs: ResourceSpecs
  let attachments: AttachmentKeeper
  let metering: Metering
  let doorMeters: DoorMeters

  func perform(
    _ act: Effect.ResourceAct, generation: Int64, on record: LeaseRecord, triedBefore attempts: Int
  ) async throws -> EffectOutcome {
    do throws(DriverError) {
      guard let driver = drivers.driver(of: record) else {
        throw DriverError(.failed, attempted: act.rawValue, words: "no driver of this kind on its host")
      }
      return try await drive(driver, act, generation, record)
    } catch {
      return try giveUp(act, generation, record.lease, attempts, error)
    }
  }

  private func drive(
    _ driver: any ResourceDriver, _ act: Effect.ResourceAct, _ generation: Int64, _ record: LeaseRecord
  ) async throws(DriverError) -> EffectOutcome {
    let id = record.lease.id
    switch act {
    case .provision:
      try await driver.provision(try await specs.spec(of: record, isFirst: true), generation: generation)
      return .event(.provisioned(generation: generation))
    case .suspend:
      await attachments.part(from: id)
      try await driver.suspend(id, generation: generation)
      return .event(.suspended(generation: generation))
    case .resume:
      try await driver.resume(try await specs.spec(of: record), generation: generation)
      return .event(.resumed(generation: generation))
    case .resize:
      try await driver.resize(try await specs.spec(of: record), generation: generation)
      return .event(.resized(generation: generation))
    case .closeMeters:
      try await metering.readLast(of: record, driver, generation: generation)
      return .decided { tx, lease, _ in
        .metersClosed(generation: generation, unrated: try metering.rate(lease, closedBefore: .distantFuture, tx))
      }
    case .destroy:
      await attachments.part(from: id)
      let receipt = try await driver.destroy(id, generation: generation)
      doorMeters.forget(id)
      return .event(.destroyed(generation: generation, receipt: "\(receipt.method.rawValue): \(receipt.detail)"))
    }
  }

  /// What a failed driver call comes to: an event where the lease must know, another try where trying may help.
  private func giveUp(
    _ act: Effect.ResourceAct, _ generation: Int64, _ lease: Lease, _ attempts: Int, _ error: DriverError
  ) throws -> EffectOutcome {
    if error.kind == .fenced { return .stale }
    let reason = "\(error)"
    if error.kind == .noSpace, lease.pendingChange != nil, act == .resize || act == .resume {
      return .event(.resizeRefused(generation: generation, reason: reason))
    }
    let isHopeless =
      error.kind == .unavailable || error.kind == .noSpace || error.kind == .cannotStart || attempts >= 2
    switch act {
    case .provision where isHopeless:
      return .event(
        .provisionFailed(generation: generation, reason: reason), evidence: ProvisionFailure(error).evidence)
    case .resume where isHopeless: return .event(.resumeFailed(generation: generation, reason: reason))
    case .provision, .resume, .suspend, .resize, .closeMeters, .destroy: throw error
    }
  }
}

/// What a driver is told of a lease.
struct ResourceSpecs: Sendable {
  let catalog: Catalog
  let attachments: Attachments

  /// - Parameter isFirst: what cannot be had then is a purchase that failed; later the container is without it.
  func spec(of record: LeaseRecord, isFirst: Bool = false) async throws(DriverError) -> ResourceSpec {
    guard let placement = record.placement else {
      throw DriverError(.failed, attempted: "placing the lease", words: "it has no place on a host")
    }
    var image: ImageReference?
    if record.lease.terms.kind == .compute {
      let name = record.request.image ?? catalog.offer(record.request.offer)?.images.first
      guard let found = name.flatMap({ catalog.image($0) }) else {
        throw DriverError(.unavailable, attempted: "finding the image", words: "it is not on this host any more")
      }
      image = found
    }
    let disk = try await attachments.disk(for: record, isFirst: isFirst)
    return ResourceSpec(
      lease: record.lease.id, resources: record.lease.terms.resources, uidBase: placement.uidBase, image: image,
      command: record.request.command, environment: record.request.environment, disk: disk?.lease,
      diskIsReadOnly: disk?.isReadOnly, restart: record.request.restart,
      network: record.lease.terms.network)
  }
}
