import L402
import Leasing
import Ledger
import Testing
import Units

@testable import Engine

/// What doors remember of leases stays little, whoever asks for whatever.
@Suite struct DoorCacheTests {
  private func view(_ number: UInt64, version: Int64 = 0) -> DoorView {
    let id = LeaseID(unixMilliseconds: 1, random: (number, number))
    var view = DoorView(Lease.quote(id, Catalog.disk, held: true, at: Instant(unixSeconds: 1_800_000_000)))
    view.version = version
    return view
  }

  @Test func aFloodOfLeasesLeavesItBounded() {
    let doors = DoorCache()
    doors.listenerIsAlive()
    var most = 0
    let template = view(0)
    for number in 0..<UInt64(3 * DoorCache.capacity) {
      var view = template
      view.lease = LeaseID(unixMilliseconds: 1, random: (number, number))
      doors.beginReading(view.lease)
      doors.finishReading(view.lease, view)
      most = max(most, doors.size.views)
      if number % 1_000 == 0 { #expect(doors.size.reading == 0) }
      // What was just read is there, flood or not.
      if number % 1_000 == 0 {
        doors.listenerIsAlive()
        #expect(doors.view(of: view.lease) != nil)
      }
    }
    #expect(most == DoorCache.capacity && doors.size.reading == 0)
  }

  /// A full cache still refuses what was overtaken, and a newer version takes no second place.
  @Test func aFullCacheKeepsItsRules() {
    let doors = DoorCache()
    doors.listenerIsAlive()
    let template = view(0)
    for number in 0..<UInt64(DoorCache.capacity) {
      var view = template
      view.lease = LeaseID(unixMilliseconds: 1, random: (number, number))
      doors.finishReading(view.lease, view)
    }
    #expect(doors.size.views == DoorCache.capacity)
    let newer = view(7, version: 3)
    doors.beginReading(newer.lease)
    doors.finishReading(newer.lease, newer)
    #expect(doors.size.views == DoorCache.capacity)
    doors.beginReading(newer.lease)
    doors.finishReading(newer.lease, view(7, version: 2))
    doors.listenerIsAlive()
    #expect(doors.view(of: newer.lease)?.version == 3)
    doors.beginReading(newer.lease)
    doors.invalidate(newer.lease, below: 5)
    doors.finishReading(newer.lease, view(7, version: 4))
    #expect(doors.view(of: newer.lease) == nil)
  }

  /// Through the engine: ids nobody has, with a genuine credential, with another's and with none.
  @Test func leasesThatAreNotThereLeaveNothing() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.engine.doors.listenerIsAlive()
      try await renter.open(id, credential)
      #expect(platform.engine.doors.size.views == 1 && platform.engine.doors.size.reading == 0)
      for number in 0..<UInt64(500) {
        let nobodys = LeaseID(unixMilliseconds: 1, random: (number, number))
        #expect(await refusal { try await renter.open(nobodys, nil) } == "401 credential-required")
        #expect(await refusal { try await renter.open(nobodys, credential) } == "403 wrong-lease")
      }
      #expect(platform.engine.doors.size.views == 1 && platform.engine.doors.size.reading == 0)
    }
  }
}
