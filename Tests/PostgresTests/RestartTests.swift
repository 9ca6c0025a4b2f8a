import Foundation
import Postgres
import TestKit
import Testing

/// A server of their own, which goes away and comes back.
@Suite(.serialized) struct RestartTests {
  @Test(.timeLimit(.minutes(10))) func underLoadEverythingRecovers() async throws {
    let cluster = try await PostgresCluster.start()
    defer { cluster.remove() }
    let pool = Pool(
      .init(connection: cluster.url, maxConnections: 4, acquireTimeout: .seconds(240), awayPatience: .seconds(240)))
    try await pool.withConnection { try $0.script("CREATE TABLE done (id int8 PRIMARY KEY)") }
    let listener = Listener(connection: cluster.url, channels: ["c"])
    var events = listener.events.makeAsyncIterator()
    #expect(await events.next() == .listening)

    let restarted = Shared(false)
    let (done, report) = AsyncStream.makeStream(of: Void.self)
    let load = Task {
      defer { report.finish() }
      return try await withThrowingTaskGroup(of: Int.self) { group in
        for worker in 0..<8 {
          group.addTask {
            var id = worker * 1_000_000
            var after = 0
            while after < 20 {
              id += 1
              let this = id
              do {
                try await pool.transaction { try $0.execute("INSERT INTO done VALUES ($1)", this) }
              } catch let error as PostgresError where error.kind == .commitOutcomeUnknown {
                // Idempotent: say it again in a way that does not mind.
                try await pool.transaction {
                  try $0.execute("INSERT INTO done VALUES ($1) ON CONFLICT DO NOTHING", this)
                }
              }
              try await #expect(pool.read("SELECT id FROM done WHERE id = $1", this) { _ in }.count == 1)
              report.yield()
              if restarted.value { after += 1 }
            }
            return id - worker * 1_000_000
          }
        }
        return try await group.reduce(0, +)
      }
    }
    var transactions = 0
    for await _ in done {
      transactions += 1
      if transactions == 50 { break }
    }
    try await cluster.restart()
    restarted.with { $0 = true }
    let total = try await load.value
    try await #expect(pool.readFirst("SELECT count(*) FROM done") { try $0.int(0) } == total)

    #expect(await events.next() == .reconnected)
    try await pool.withConnection { try $0.notify("c", "again") }
    guard case .notification = await events.next() else { return #expect(Bool(false), "the notification is next") }
    listener.close()
    await pool.close()
  }

  @Test(.timeLimit(.minutes(5))) func encryptionIsAskedForInTheConnectionString() async throws {
    let cluster = try await PostgresCluster.start()
    defer { cluster.remove() }
    let folder = try #require(cluster.dataFolder)
    let openssl = Process()
    openssl.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
    openssl.arguments = [
      "req", "-new", "-x509", "-days", "2", "-nodes", "-subj", "/CN=localhost", "-newkey", "rsa:2048", "-out",
      folder + "/server.crt", "-keyout", folder + "/server.key",
    ]
    openssl.standardError = FileHandle.nullDevice
    try openssl.start()
    openssl.waitUntilExit()
    let owner = try FileManager.default.attributesOfItem(atPath: folder)[.ownerAccountID]
    for file in ["/server.crt", "/server.key"] {
      try FileManager.default.setAttributes(
        [.ownerAccountID: owner as Any, .posixPermissions: 0o600], ofItemAtPath: folder + file)
    }
    // TLS is for TCP alone. The port is the system's choice of a moment ago; nobody else asks for it in between.
    let port = try freePort()
    try await cluster.restart(options: "-c ssl=on -c listen_addresses=127.0.0.1 -c port=\(port)")
    let plain = try ConnectionString(cluster.url).changing(["host": "127.0.0.1", "port": "\(port)"])
    for (mode, encrypted) in [("require", true), ("disable", false)] {
      let pool = Pool(.init(connection: try ConnectionString(plain).changing(["sslmode": mode])))
      let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
      try await #expect(pool.withConnection { try $0.first(ssl) { try $0.bool(0) } } == encrypted)
      try await #expect(pool.readFirst(ssl) { try $0.bool(0) } == encrypted)
      await pool.close()
    }
    let strict = Pool(
      .init(
        connection: try ConnectionString(plain).changing(["sslmode": "verify-full", "sslrootcert": "/nowhere"]),
        acquireTimeout: .milliseconds(100)))
    let error = await #expect(throws: PostgresError.self) { try await strict.withConnection { _ in } }
    #expect(error?.kind == .connectionFailed)
    await strict.close()
  }

  private func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
      }
    }
    try #require(code == 0)
    return UInt16(bigEndian: address.sin_port)
  }
}
