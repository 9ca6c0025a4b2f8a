import Engine
import L402
import Leasing
import Ledger
import TestKit
import Testing
import Units

/// What a data door answers a genuine credential, by what the lease is: a case for each cell of the table, at both doors.
@Suite struct DoorStateTests {
  enum Door: String, CaseIterable, Sendable {
    case disk, exec
    var kind: Kind { self == .disk ? .disk : .compute }
    var offer: String { self == .disk ? "disk" : "box" }
  }

  /// What was prepared: whose door is knocked at, and with what.
  struct Knock {
    var lease: LeaseID
    var credential: String?
  }

  struct Cell: CustomTestStringConvertible, Sendable {
    var testDescription: String
    /// What the door says, in a word.
    var answer: String
    var prepare: @Sendable (Scene) async throws -> Knock

    init(
      _ lease: String, _ answer: String, _ prepare: @escaping @Sendable (Scene) async throws -> Knock
    ) {
      testDescription = lease
      self.answer = answer
      self.prepare = prepare
    }
  }

  static let cells = [
    Cell("active", "nothing") { scene in
      try await scene.expect("active", try await scene.rent())
    },
    Cell("in grace", "nothing") { scene in
      let (id, renewed) = try await scene.rentAndRenew()
      try await scene.platform.pass(7_201)
      return try await scene.expect("grace", Knock(lease: id, credential: renewed))
    },
    Cell("suspended for want of payment, first period", "402") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      return try await scene.expect("suspended", knock)
    },
    Cell("suspended for want of payment, with debt and a credential past its ceiling", "402") { scene in
      let (id, renewed) = try await scene.rentAndRenew()
      try await scene.platform.pass(7_201)
      try await scene.platform.pass(1_000)
      #expect(try await scene.platform.lease(id).account.balance < .zero)
      return try await scene.expect("suspended", Knock(lease: id, credential: renewed))
    },
    Cell("being made", "503") { scene in
      let demand = try await scene.quote()
      let credential = try await scene.renter.pay(demand)
      _ = try await scene.ask(credential)
      return try await scene.expect("provisioning", Knock(lease: demand.lease, credential: credential))
    },
    Cell("paid, and not booked yet", "503") { scene in
      let demand = try await scene.quote()
      return try await scene.expect(
        "quoted", Knock(lease: demand.lease, credential: try await scene.renter.pay(demand)))
    },
    Cell("being resumed", "503") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      let renewed = try await scene.renew(knock)
      return try await scene.expect("suspended", Knock(lease: knock.lease, credential: renewed))
    },
    Cell("suspended for idleness", "503") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(601)
      try await scene.platform.engine.money.metering.lookForIdleness()
      try await scene.platform.settle()
      return try await scene.expect("suspended", knock)
    },
    Cell("suspended by the operator", "403 lease-frozen") { scene in
      let knock = try await scene.rent()
      try await scene.operate(.suspend, knock)
      try await scene.platform.settle()
      return try await scene.expect("suspended", knock)
    },
    Cell("frozen", "403 lease-frozen") { scene in
      let knock = try await scene.rent()
      try await scene.operate(.freeze, knock)
      try await scene.platform.settle()
      return knock
    },
    Cell("frozen while suspended for want of payment", "403 lease-frozen") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      try await scene.operate(.freeze, knock)
      try await scene.platform.settle()
      return try await scene.expect("suspended", knock)
    },
    Cell("being thawed", "503") { scene in
      let knock = try await scene.rent()
      try await scene.operate(.freeze, knock)
      try await scene.platform.settle()
      try await scene.operate(.thaw, knock)
      return try await scene.expect("active", knock)
    },
    // The timer comes late: what the door remembers of the lease ends with the eviction all the same.
    Cell("active, and the moment of its eviction has come", "403 lease-evicting") { scene in
      let knock = try await scene.rent()
      try await scene.operate(.evict(until: scene.platform.clock.now() + 60), knock)
      try await scene.knock(knock)
      scene.platform.clock.advance(by: 60)
      return try await scene.expect("active", knock)
    },
    Cell("in grace, and the moment of its eviction has come", "403 lease-evicting") { scene in
      let (id, renewed) = try await scene.rentAndRenew()
      try await scene.platform.pass(7_201)
      let knock = Knock(lease: id, credential: renewed)
      try await scene.operate(.evict(until: scene.platform.clock.now() + 60), knock)
      try await scene.knock(knock)
      scene.platform.clock.advance(by: 60)
      return try await scene.expect("grace", knock)
    },
    Cell("suspended for want of payment, and the moment of its eviction has come", "403 lease-evicting") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      try await scene.operate(.evict(until: scene.platform.clock.now() + 60), knock)
      scene.platform.clock.advance(by: 60)
      return try await scene.expect("suspended", knock)
    },
    Cell("being reclaimed", "lease-closed") { scene in
      let knock = try await scene.rent()
      try await scene.release(knock)
      return try await scene.expect("reclaiming", knock)
    },
    Cell("closed", "lease-closed") { scene in
      let knock = try await scene.rent()
      try await scene.release(knock)
      try await scene.platform.settle()
      return try await scene.expect("closed", knock)
    },
    Cell("paid up, and the credential past its minted ceiling", "401 credential-stale") { scene in
      let knock = try await scene.rent()
      for _ in 0..<3 { _ = try await scene.renew(knock) }
      try await scene.platform.settle()
      try await scene.platform.pass(3 * 3_600)
      return try await scene.expect("active", knock)
    },
    Cell("active, past the holder's own bound", "403 narrowed-expired") { scene in
      try await scene.expect("active", try await scene.pastTheHoldersBound())
    },
    Cell("suspended for want of payment, past the holder's own bound", "403 narrowed-expired") { scene in
      let knock = try await scene.pastTheHoldersBound()
      try await scene.platform.pass(3_601)
      return try await scene.expect("suspended", knock)
    },
    Cell("active, asked by a stranger", "401 credential-required") { scene in
      Knock(lease: try await scene.rent().lease, credential: nil)
    },
    Cell("suspended for want of payment, asked by a stranger", "401 credential-required") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      return try await scene.expect("suspended", Knock(lease: knock.lease, credential: nil))
    },
    Cell("suspended for want of payment, asked with another lease's", "403 wrong-lease") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      return Knock(lease: knock.lease, credential: try await scene.rent().credential)
    },
    Cell("suspended for want of payment, asked by who may only pay", "403 narrowed-capability") { scene in
      let knock = try await scene.rent()
      try await scene.platform.pass(3_601)
      return Knock(
        lease: knock.lease,
        credential: try narrowed(try #require(knock.credential), "leasehold_capabilities=pay"))
    },
  ]

  @Test(arguments: Door.allCases, cells) func theDoorAnswersAsTheTableSays(door: Door, cell: Cell) async throws {
    try await Scene.with(door) { scene in
      let knock = try await cell.prepare(scene)
      let before = try await scene.challenges(of: knock.lease)
      // The same when it is asked again: nothing is remembered that was not so.
      for _ in 0..<2 {
        do {
          try await scene.knock(knock)
          #expect(cell.answer == "nothing")
        } catch let asked as PaymentAsked {
          let demand = asked.demand
          #expect(cell.answer == "402")
          // One period, and what is owed.
          let balance = try await scene.platform.lease(knock.lease).account.balance
          #expect(demand.purpose == .renewal)
          #expect(demand.amount == (3_600_000 - min(balance, .zero)).roundedUpToSatoshi)
        } catch let refusal as Refusal {
          #expect(refusal.word == cell.answer)
        }
      }
      // Only who is asked to pay is given something to pay.
      #expect(try await scene.challenges(of: knock.lease) == before + (cell.answer == "402" ? 1 : 0))
    }
  }

  /// An idle lease is woken by whoever comes, each time.
  @Test(arguments: Door.allCases) func anIdleLeaseIsWokenAgainAndAgain(door: Door) async throws {
    try await Scene.with(door) { scene in
      let knock = try await scene.rent()
      for _ in 0..<2 {
        try await scene.platform.pass(601)
        try await scene.platform.engine.money.metering.lookForIdleness()
        try await scene.platform.settle()
        #expect(try await scene.platform.state(knock.lease) == "suspended")
        #expect(await refusal { try await scene.knock(knock) } == "503")
        try await scene.platform.settle()
        try await scene.knock(knock)
      }
    }
  }
}

/// A provider of one kind, and who rents there.
struct Scene: Sendable {
  let door: DoorStateTests.Door
  let platform: Platform
  let renter: Renter

  static func with(_ door: DoorStateTests.Door, _ body: (Scene) async throws -> Void) async throws {
    try await Platform.with(kind: door.kind, catalog: .idling) { platform in
      try await body(Scene(door: door, platform: platform, renter: Renter(platform)))
    }
  }

  func quote() async throws -> PaymentDemand { try await renter.quote(door.offer) }

  func ask(_ credential: String) async throws -> LeaseRecord {
    try await platform.engine.rent(
      LeaseRequest(offer: door.offer), body: Array("\(door.offer)/1".utf8), renter.caller(credential)
    ).bought
  }

  func rent() async throws -> DoorStateTests.Knock {
    let (id, credential) = try await renter.rent(door.offer)
    return .init(lease: id, credential: credential)
  }

  /// A friend pays for one period more; what came of it, and nothing is settled.
  func renew(_ knock: DoorStateTests.Knock) async throws -> String {
    let engine = platform.engine
    let demand = try await renter.demand {
      try await engine.renew(knock.lease, periods: 1, renter.caller(knock.credential))
    }
    let renewed = try await renter.pay(demand)
    _ = try await engine.renew(knock.lease, periods: 1, renter.caller(renewed)).bought
    return renewed
  }

  func rentAndRenew() async throws -> (LeaseID, String) {
    let knock = try await rent()
    let renewed = try await renew(knock)
    try await platform.settle()
    return (knock.lease, renewed)
  }

  func pastTheHoldersBound() async throws -> DoorStateTests.Knock {
    let knock = try await rent()
    let bound = platform.clock.now().unixSeconds + 10
    let credential = try narrowed(try #require(knock.credential), "leasehold_valid_until=\(bound)")
    try await self.knock(.init(lease: knock.lease, credential: credential))
    try await platform.pass(11)
    return .init(lease: knock.lease, credential: credential)
  }

  func operate(_ action: Operator.Action, _ knock: DoorStateTests.Knock) async throws {
    _ = try await platform.engine.operator.operate(action, on: knock.lease, requestID: "\(action)")
  }

  func release(_ knock: DoorStateTests.Knock) async throws {
    _ = try await platform.engine.release(knock.lease, renter.caller(knock.credential, method: "DELETE"))
  }

  /// The lease is what the cell says before the door is asked.
  func expect(
    _ state: String, _ knock: DoorStateTests.Knock, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> DoorStateTests.Knock {
    let now = try await platform.state(knock.lease)
    #expect(now == state, sourceLocation: sourceLocation)
    return knock
  }

  func knock(_ knock: DoorStateTests.Knock) async throws {
    switch door {
    case .disk:
      _ = try await platform.engine.doors.openVolume(
        knock.lease, .write, path: try ResourcePath(encoded: "/a"), renter.caller(knock.credential, method: "PUT")
      ).opened
    case .exec:
      let (_, output) = try await platform.engine.doors.exec(
        knock.lease, ExecCommand(arguments: ["true"]), renter.caller(knock.credential)
      ).opened
      var last: ExecOutput?
      for try await piece in output { last = piece }
      #expect(last == .exited(code: 0))
    }
  }

  /// Challenges given out for the lease: each has a token.
  func challenges(of id: LeaseID) async throws -> Int {
    try await platform.postgres.transaction { tx in try tx.tokens(of: id).count }
  }
}

extension Catalog {
  /// A disk and a container that sleep when nobody comes for ten minutes.
  static let idling: Catalog = {
    let policy = Policy(
      quote: 600, provisioning: 600, lead: 900, grace: 150, retention: 36_000,
      idle: IdlePolicy(after: 600, action: .suspend, retention: 36_000))
    func terms(_ offer: String, _ kind: Kind, _ resources: Resources) -> Terms {
      Terms(
        offer: offer, kind: kind, resources: resources, period: 3_600, price: 3_600_000, policy: policy, maxPeriods: 24)
    }
    let box = Resources(disk: 1, cpuMillis: 500, memory: ByteCount(1 << 20), pids: 10)
    var catalog = Catalog.of([terms("disk", .disk, Resources(disk: gigabyte))], room: 10)
    catalog.offers.append(Offer(id: "box", title: "box", terms: terms("box", .compute, box), images: ["busybox"]))
    catalog.images = [ImageReference(name: "busybox", digest: "sha256:0", path: "/nowhere")]
    catalog.hosts.append(
      HostCapacity(
        host: "here", kind: .compute,
        limit: Resources(disk: 10, cpuMillis: 5_000, memory: ByteCount(1 << 30), pids: 100), uidBase: 1_000_000))
    return catalog
  }()
}
