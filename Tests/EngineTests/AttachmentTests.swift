import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

@testable import Engine

/// A disk is in a container as long as the credential it was attached under opens it, and no longer.
@Suite struct AttachmentTests {
  private struct Scene {
    var platform: Platform
    var owner: Renter
    var friend: Renter
    var disk: Renter.Bought
    var boxes: SimulatedDriver

    func lend(_ caveats: String...) async throws -> (credential: String, token: TokenID) {
      let lent = try await platform.engine.narrow(disk.id, caveats: caveats, owner.caller(disk.credential))
      return (try minted(lent, like: disk.credential), lent.token)
    }

    func quote(_ credential: String?, inBody: Bool = false) async throws -> PaymentDemand {
      try await friend.demand {
        try await platform.engine.rent(
          LeaseRequest(offer: "box", disk: disk.id), diskCredential: inBody ? credential : nil, body: [1],
          friend.caller(inBody ? nil : credential))
      }
    }

    /// A container of the friend's with the disk in it.
    func attach(under credential: String) async throws -> (id: LeaseID, credential: String) {
      let demand = try await quote(credential)
      let paid = try await friend.pay(demand)
      _ = try await platform.engine.rent(
        LeaseRequest(offer: "box", disk: disk.id), body: [1], friend.caller(paid)
      ).bought
      try await platform.settle()
      return (demand.lease, paid)
    }

    func seen(in box: LeaseID) -> AttachedDisk? { boxes.resource(box)?.spec.attached }

    func state(of box: LeaseID) async throws -> AttachmentView.State? {
      try await platform.engine.attachments(of: disk.id, owner.caller(disk.credential, method: "GET"))
        .first { $0.attachment.container == box }?.state
    }
  }

  private func with(_ body: (Scene) async throws -> Void) async throws {
    try await Platform.with(catalog: .idling, boxes: true) { platform in
      let owner = Renter(platform)
      try await body(
        Scene(
          platform: platform, owner: owner, friend: Renter(platform, address: "198.51.100.9"),
          disk: try await owner.buy(), boxes: try #require(platform.boxes)))
    }
  }

  @Test func whoMayOnlyReadAttachesReadOnly() async throws {
    try await with { scene in
      let reader = try await scene.lend("leasehold_capabilities=read")
      let box = try await scene.attach(under: reader.credential)
      #expect(scene.seen(in: box.id) == AttachedDisk(lease: scene.disk.id, isReadOnly: true))
      let own = try await scene.attach(under: scene.disk.credential)
      #expect(scene.seen(in: own.id) == AttachedDisk(lease: scene.disk.id, isReadOnly: false))
      for narrow in [
        "leasehold_capabilities=write,control", "leasehold_path=/photos", "leasehold_method=POST",
        "leasehold_source=198.51.100.0/24",
      ] {
        let held = try narrowed(scene.disk.credential, narrow)
        #expect(await refusal { try await scene.quote(held) }.hasPrefix("403"), "\(narrow)")
      }
      #expect(await refusal { try await scene.quote(nil) } == "401 credential-required")
      // Beside a credential, or before there is one.
      _ = try await scene.quote(scene.disk.credential, inBody: true)
      #expect(await refusal { try await scene.quote("L402 x:y", inBody: true) } == "401 bad-header")
    }
  }

  enum End: CaseIterable, Sendable {
    case revoked, rotated, epochRetired, expired, askedByOwner, askedByRenter, released, reclaimed
  }

  @Test(arguments: End.allCases)
  func itEndsWithWhatItStandsOn(_ end: End) async throws {
    try await with { scene in
      let engine = scene.platform.engine
      let owner = scene.owner.caller(scene.disk.credential)
      let bound = scene.platform.clock.now().unixSeconds + 600
      let lent = try await scene.lend(
        end == .expired ? "leasehold_valid_until=\(bound)" : "leasehold_capabilities=read,write")
      let box = try await scene.attach(under: lent.credential)
      try await engine.access.attachmentKeeper.settleAll()
      #expect(scene.seen(in: box.id)?.lease == scene.disk.id)
      #expect(try await scene.state(of: box.id) == .attached)
      #expect(scene.boxes.disksSet.isEmpty, "it was made with it")
      let why: AttachmentRecord.Ending
      switch end {
      case .revoked:
        why = .revoked
        try await engine.revoke(lent.token, of: scene.disk.id, owner)
      case .rotated:
        why = .revoked
        _ = try await engine.rotate(scene.disk.id, owner)
      case .epochRetired:
        why = .revoked
        _ = try await engine.operator.keys.begin(requestID: "1")
        scene.platform.clock.advance(by: KeyEpochs.notice)
        try await engine.operator.keys.retire(1, requestID: "2")
      case .expired:
        why = .expired
        scene.platform.clock.advance(by: 600)
      case .askedByOwner:
        why = .asked
        try await engine.endAttachments(of: scene.disk.id, with: box.id, owner)
        #expect(scene.seen(in: box.id) == nil, "it is gone when the answer is there")
      case .askedByRenter:
        why = .asked
        try await engine.endAttachments(of: box.id, scene.friend.caller(box.credential))
      case .released:
        why = .disk
        _ = try await engine.release(scene.disk.id, owner)
        try await scene.platform.settle()
        #expect(scene.seen(in: box.id) == nil, "parted before the disk is destroyed")
      case .reclaimed:
        why = .disk
        // The box goes on being paid for.
        for _ in 0..<20 {
          let demand = try await scene.friend.demand {
            try await engine.renew(box.id, periods: 1, scene.friend.caller(box.credential))
          }
          _ = try await engine.renew(box.id, periods: 1, scene.friend.caller(try await scene.friend.pay(demand))).bought
        }
        try await scene.platform.pass(3_600)
        #expect(try await scene.platform.state(scene.disk.id) == "suspended")
        #expect(scene.seen(in: box.id) == nil, "a suspended disk is not read")
        try await scene.platform.pass(36_001)
      }
      try await engine.access.attachmentKeeper.settleAll()
      #expect(scene.seen(in: box.id) == nil)
      let kept = try await scene.platform.postgres.transaction { tx in try tx.attachment(in: box.id) }
      #expect(kept?.attachment.ending == why)
      #expect(kept?.attachment.endedAt != nil)
      // Whatever makes the container anew makes it without.
      let record = try #require(try await scene.platform.record(box.id))
      #expect(try await engine.work.specs.spec(of: record).attached == nil)
      try await engine.access.attachmentKeeper.settleAll()
      #expect(scene.boxes.disksSet.count == 1)
    }
  }

  @Test func itGoesWithTheContainer() async throws {
    try await with { scene in
      let box = try await scene.attach(under: scene.disk.credential)
      _ = try await scene.platform.engine.release(
        box.id, scene.friend.caller(box.credential, method: "DELETE"))
      try await scene.platform.settle()
      try await scene.platform.engine.access.attachmentKeeper.settleAll()
      #expect(try await scene.state(of: box.id) == .ended(.container))
    }
  }

  /// Frozen for want of money the disk is taken away, and comes back with the money.
  @Test func aDiskThatSleepsIsTakenAwayAndGivenBack() async throws {
    try await with { scene in
      let engine = scene.platform.engine
      let box = try await scene.attach(under: scene.disk.credential)
      for action in [Operator.Action.suspend, .resume] {
        _ = try await engine.operator.operate(action, on: scene.disk.id, requestID: "\(action)")
        try await scene.platform.settle()
        try await engine.access.attachmentKeeper.settleAll()
        let isThere = scene.seen(in: box.id) != nil
        switch action {
        case .suspend:
          #expect(!isThere)
          #expect(try await scene.state(of: box.id) == .withdrawn)
        default:
          #expect(isThere)
          #expect(try await scene.state(of: box.id) == .attached)
        }
      }
    }
  }

  /// Revoked between the quote and its payment: nothing is mounted, and the money is the renter's.
  @Test func whatWasRevokedMeanwhileIsNotMadeWithTheDisk() async throws {
    try await with { scene in
      let engine = scene.platform.engine
      let lent = try await scene.lend("leasehold_capabilities=read")
      let demand = try await scene.quote(lent.credential)
      try await engine.revoke(lent.token, of: scene.disk.id, scene.owner.caller(scene.disk.credential))
      let paid = try await scene.friend.pay(demand)
      _ = try await engine.rent(LeaseRequest(offer: "box", disk: scene.disk.id), body: [1], scene.friend.caller(paid))
        .bought
      try await scene.platform.settle()
      #expect(scene.boxes.resource(demand.lease) == nil)
      #expect(try await scene.platform.lease(demand.lease).account.credit == 3_600_000)
    }
  }

  /// Told by whichever daemon, the one that has the container acts by itself.
  @Test func theHostActsWhenItIsTold() async throws {
    try await with { scene in
      let lent = try await scene.lend("leasehold_capabilities=read")
      let box = try await scene.attach(under: lent.credential)
      let other = scene.platform.anotherEngine()
      try await other.prepare()
      try await scene.platform.running {
        let changes = scene.platform.engine.watch.changes(of: box.id)
        try await other.revoke(lent.token, of: scene.disk.id, scene.owner.caller(scene.disk.credential))
        for await _ in changes {
          let kept = try await scene.platform.postgres.transaction { tx in try tx.attachment(in: box.id) }
          if kept?.attachment.endedAt != nil { break }
        }
        #expect(scene.seen(in: box.id) == nil)
      }
    }
  }

  @Test func onlyWhoControlsALeaseSeesItsAttachments() async throws {
    try await with { scene in
      let engine = scene.platform.engine
      let lent = try await scene.lend("leasehold_capabilities=read,pay")
      let box = try await scene.attach(under: lent.credential)
      let reader = scene.friend.caller(lent.credential, method: "GET")
      #expect(await refusal { try await engine.attachments(of: scene.disk.id, reader) } == "403 narrowed-capability")
      #expect(
        await refusal { try await engine.endAttachments(of: scene.disk.id, reader) } == "403 narrowed-capability")
      let seen = try await engine.attachments(of: box.id, scene.friend.caller(box.credential, method: "GET"))
      #expect(seen.map(\.attachment.disk) == [scene.disk.id])
      let owner = scene.owner.caller(scene.disk.credential)
      let unknown = LeaseID.fresh(at: engine.clock.now())
      #expect(
        await refusal { try await engine.endAttachments(of: scene.disk.id, with: unknown, owner) }
          == "invalid-field attachment")
    }
  }
}
