import Postgres
import TestKit
import Testing

@Suite struct ListenerTests {
  @Test(.timeLimit(.minutes(5))) func notificationsArriveInOrder() async throws {
    try await TestDatabase.withPool { pool in
      let listener = Listener(connection: pool.configuration.connection, channels: ["lease \"x\"", "other"])
      var events = listener.events.makeAsyncIterator()
      #expect(await events.next() == .listening)
      try await pool.transaction { db in
        try db.notify("lease \"x\"", "one")
        try db.notify("unheard", "no")
        try db.notify("other")
      }
      try await pool.withConnection { try $0.notify("lease \"x\"", "two") }
      var heard: [String] = []
      while heard.count < 3, case .notification(let notification) = await events.next() {
        heard.append("\(notification.channel):\(notification.payload)")
      }
      #expect(heard == ["lease \"x\":one", "other:", "lease \"x\":two"])
      listener.close()
      #expect(await events.next() == nil)
    }
  }

  @Test(.timeLimit(.minutes(5))) func aHeartbeatComesAfterWhatWasCommittedBeforeIt() async throws {
    try await TestDatabase.withPool { pool in
      let listener = Listener(connection: pool.configuration.connection, channels: ["c"], bufferLimit: 1000)
      var events = listener.events.makeAsyncIterator()
      _ = await events.next()
      for round in 0..<100 {
        try await pool.withConnection { try $0.notify("c", "\(round)") }
        try await listener.heartbeat()
      }
      // Everything is in the buffer; closing adds nothing.
      listener.close()
      var count = 0
      while await events.next() != nil { count += 1 }
      #expect(count == 100)
      let error = await #expect(throws: PostgresError.self) { try await listener.heartbeat() }
      #expect(error?.kind == .closed)
    }
  }

  @Test(.timeLimit(.minutes(5))) func aLostConnectionIsMadeAgainAndSaidToBe() async throws {
    try await TestDatabase.withPool { pool in
      let listener = Listener(connection: pool.configuration.connection, channels: ["c"])
      var events = listener.events.makeAsyncIterator()
      #expect(await events.next() == .listening)
      try await pool.withConnection { db in
        let killed = try db.query(
          """
          SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
          WHERE datname = current_database() AND query LIKE 'LISTEN%'
          """
        ) { try $0.bool(0) }
        #expect(killed == [true])
      }
      #expect(await events.next() == .reconnected)
      try await listener.heartbeat()
      try await pool.withConnection { try $0.notify("c", "after") }
      guard case .notification(let notification) = await events.next() else {
        return #expect(Bool(false), "the notification is next")
      }
      #expect(notification.payload == "after")
      listener.close()
    }
  }

  @Test(.timeLimit(.minutes(5))) func aSlowConsumerIsToldWhatItMissed() async throws {
    try await TestDatabase.withPool { pool in
      let listener = Listener(connection: pool.configuration.connection, channels: ["c"], bufferLimit: 2)
      var events = listener.events.makeAsyncIterator()
      #expect(await events.next() == .listening)
      for payload in 1...3 { try await pool.withConnection { try $0.notify("c", "\(payload)") } }
      try await listener.heartbeat()
      for _ in 1...2 { _ = await events.next() }
      try await pool.withConnection { try $0.notify("c", "4") }
      try await listener.heartbeat()
      #expect(await events.next() == .overflowed)
      guard case .notification(let notification) = await events.next() else {
        return #expect(Bool(false), "the notification is next")
      }
      #expect(notification.payload == "4")
      listener.close()
    }
  }

  @Test func withoutAServerTheHeartbeatFails() async throws {
    let listener = Listener(connection: "host=/nowhere-at-all", channels: ["c"])
    await #expect(throws: PostgresError.self) { try await listener.heartbeat() }
    listener.close()
  }
}
