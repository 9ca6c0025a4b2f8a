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
    var view = DoorView(Lease.quote(id, Catalog.disk, hasCapacity: true, at: Instant(unixSeconds: 1_800_000_000)))
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
    #expect(most == DoorCache.capacity)
    #expect(doors.size.reading == 0)
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

  private func record(_ number: UInt64, version: Int64 = 0, command: [String] = []) -> LeaseRecord {
    let id = LeaseID(unixMilliseconds: 1, random: (number, number))
    var lease = Lease.quote(id, Catalog.disk, hasCapacity: true, at: Instant(unixSeconds: 1_800_000_000))
    lease.version = version
    return LeaseRecord(lease: lease, request: LeaseRequest(offer: "disk", command: command), placement: nil)
  }

  /// Whole leases are kept for whom their own payment is booked, until they are written or nothing is heard any more.
  @Test func aLeaseIsKeptAsLongAsItIsBelieved() {
    let doors = DoorCache()
    let (mine, friends) = (PaymentHash.ofOnes(1), PaymentHash.ofOnes(2))
    func read(_ record: LeaseRecord, _ payment: PaymentHash?) {
      doors.beginReading(record.lease.id)
      doors.finishReading(record.lease.id, DoorView(record.lease), record: record, booked: payment)
    }
    let first = record(1, version: 3)
    let id = first.lease.id
    doors.listenerIsAlive()
    read(first, nil)
    #expect(doors.record(of: id, paidBy: mine) == nil)
    read(first, mine)
    doors.listenerIsAlive()
    #expect(doors.record(of: id, paidBy: mine) == first)
    #expect(doors.record(of: id, paidBy: friends) == nil)
    read(first, friends)
    // Read before, and come late.
    read(record(1, version: 2), mine)
    doors.listenerIsAlive()
    #expect(doors.record(of: id, paidBy: mine) == first)
    #expect(doors.record(of: id, paidBy: friends) == first)
    doors.invalidate(id, below: 3)
    doors.listenerIsAlive()
    #expect(doors.record(of: id, paidBy: mine) == first)
    doors.invalidate(id, below: 4)
    #expect(doors.records == 0)
    // Written while it was read.
    doors.beginReading(id)
    doors.invalidate(id, below: 5)
    doors.finishReading(id, DoorView(first.lease), record: first, booked: mine)
    #expect(doors.records == 0)
    read(record(1, version: 5), mine)
    doors.listenerWasLost()
    #expect(doors.records == 0)
    doors.listenerIsAlive()
    #expect(doors.record(of: id, paidBy: mine) == nil)
    // Never believed without being heard: it was read, and nobody knows what was said meanwhile.
    doors.listenerWasLost()
    read(record(1, version: 5), mine)
    #expect(doors.record(of: id, paidBy: mine) == nil)
  }

  @Test func keptLeasesAreBounded() {
    let doors = DoorCache()
    doors.listenerIsAlive()
    let template = record(0)
    var most = 0
    for number in 0..<UInt64(2 * DoorCache.recordCapacity + 7) {
      let id = LeaseID(unixMilliseconds: 1, random: (number, number))
      var view = DoorView(template.lease)
      view.lease = id
      var record = template
      record.lease = Lease.quote(id, Catalog.disk, hasCapacity: true, at: Instant(unixSeconds: 1_800_000_000))
      doors.finishReading(id, view, record: record, booked: .ofOnes(1))
      most = max(most, doors.records)
    }
    #expect(most == DoorCache.recordCapacity)
    // What a buyer may ask for is larger than all else of a lease.
    let large = record(1 << 40, command: [String(repeating: "x", count: DoorCache.mostRequest)])
    doors.finishReading(large.lease.id, DoorView(large.lease), record: large, booked: .ofOnes(1))
    doors.listenerIsAlive()
    #expect(doors.view(of: large.lease.id) != nil)
    #expect(doors.record(of: large.lease.id, paidBy: .ofOnes(1)) == nil)
    // Renewed without end: the last payments are known.
    for number in 0..<UInt8(40) {
      doors.finishReading(
        template.lease.id, DoorView(template.lease), record: template, booked: .ofOnes(number))
    }
    doors.listenerIsAlive()
    let known = (0..<UInt8(40)).filter { doors.record(of: template.lease.id, paidBy: .ofOnes($0)) != nil }
    #expect(known.count == DoorCache.mostPayments)
    #expect(known.last == 39)
  }

  /// Through the engine: ids nobody has, with a genuine credential, with another's and with none.
  @Test func leasesThatAreNotThereLeaveNothing() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      platform.engine.doorCache.listenerIsAlive()
      try await renter.open(id, credential)
      #expect(platform.engine.doorCache.size.views == 1)
      #expect(platform.engine.doorCache.size.reading == 0)
      for number in 0..<UInt64(500) {
        let nobodys = LeaseID(unixMilliseconds: 1, random: (number, number))
        #expect(await refusal { try await renter.open(nobodys, nil) } == "401 credential-required")
        #expect(await refusal { try await renter.open(nobodys, credential) } == "403 wrong-lease")
      }
      #expect(platform.engine.doorCache.size.views == 1)
      #expect(platform.engine.doorCache.size.reading == 0)
    }
  }
}

extension PaymentHash {
  fileprivate static func ofOnes(_ byte: UInt8) -> PaymentHash {
    guard let hash = PaymentHash(hex: String(repeating: (byte < 16 ? "0" : "") + String(byte, radix: 16), count: 32))
    else { preconditionFailure("two digits, 32 times") }
    return hash
  }
}
