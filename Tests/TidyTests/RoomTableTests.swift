import Testing

/// The table itself holds to the plan: whatever else changes, these walls stay.
@Suite struct RoomTableTests {
  let table = RoomTable.leasehold

  @Test func roomsAreNamedOnceAndLeadToRooms() {
    let names = table.rooms.map(\.name)
    #expect(names.count == Set(names).count)
    for room in table.rooms {
      #expect(room.arrows.isSubset(of: names), "\(room.name)")
      #expect(!table.reachable(from: room).contains(room.name), "\(room.name) leads back to itself")
    }
  }

  @Test func thePureGroundStandsOnNothingButItself() {
    for room in table.rooms where room.kind == .pure {
      #expect(room.products.isEmpty, "\(room.name)")
      #expect(room.platform.isEmpty, "\(room.name)")
      for name in table.reachable(from: room) {
        let kind = table[name]?.kind
        #expect(kind == .pure || kind == .shim, "\(room.name) leads to \(name)")
      }
    }
  }

  @Test func adaptersNeverImportEachOther() {
    let adapters = Set(table.rooms.filter { $0.kind == .adapter }.map(\.name))
    // Those that DESIGN names: SQL sits on libpq, and so do migrations; the paying client pays from a wallet; nodes are
    // spoken to in one way, by those who are paid through them and by those who pay; files go over the server's streams;
    // and relays are reached where the notices' rules let renters have us connect.
    let named = [
      "Store": ["Postgres"], "Schema": ["Postgres"], "Lightning": ["NodeRPC"], "Wallets": ["NodeRPC"],
      "Client": ["Wallets", "NodeRPC"],
      "Files": ["HTTPServing"], "Relays": ["Notices"],
    ]
    for room in table.rooms where room.kind == .adapter {
      #expect(
        table.reachable(from: room).intersection(adapters) == Set(named[room.name] ?? []), "\(room.name)")
    }
  }

  @Test func doorsStandOnTheEngineAndKnowNoAdapter() {
    for room in table.rooms where room.kind == .door {
      #expect(room.arrows.isSuperset(of: ["Engine", "L402"]), "\(room.name)")
      for name in table.reachable(from: room) {
        // What doors need of the server they all stand behind, and of the disks that several of them show.
        if name == "HTTPServing" || name == "Files" { continue }
        #expect(table[name]?.kind != .adapter, "\(room.name) leads to \(name)")
        #expect(table[name]?.kind != .door, "\(room.name) leads to \(name)")
      }
    }
  }

  @Test func nobodyImportsAProgramOrTheTestKit() {
    for room in table.rooms {
      for arrow in room.arrows {
        #expect(table[arrow]?.kind != .program, "\(room.name) imports \(arrow)")
        #expect(table[arrow]?.kind != .testing, "\(room.name) imports \(arrow)")
      }
      if room.kind != .testing { #expect(room.platform.isDisjoint(with: ["Testing", "XCTest"])) }
    }
  }

  @Test func onlyProgramsAndTestsMayTakeAllOfFoundation() {
    for room in table.rooms where room.platform.contains("Foundation") {
      #expect(room.kind == .program || room.kind == .testing, "\(room.name)")
    }
  }

  @Test func cIsReachedOnlyByARoomWithAnArrowOfItsOwn() {
    let store = table["Store"]
    #expect(store.map { table.reachable(from: $0).contains("Postgres") } == true)
    #expect(store.map { table.reachable(from: $0).contains("CLibpq") } == false)
    #expect(table["Postgres"].map { table.reachable(from: $0).contains("CLibpq") } == true)
  }
}
