import Engine
import Foundation
import Glibc
import Ledger
import TestKit
import Testing

@testable import Drivers

/// Connections to what listens in a container.
@Suite(.serialized, .containerHost()) struct ComputePortTests {
  /// Sends, and reads to the end.
  private static func ask(_ connection: PortConnection, _ text: String) throws -> String {
    let number = try #require(connection.take())
    defer { close(number) }
    // Neither end waits for the other here.
    #expect(fcntl(number, F_SETFL, 0) == 0)
    var limit = timeval(tv_sec: 60, tv_usec: 0)
    setsockopt(number, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let bytes = Array(text.utf8)
    #expect(send(number, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count)
    shutdown(number, CInt(SHUT_WR))
    var answer: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4_096)
    while true {
      let count = recv(number, &buffer, buffer.count, 0)
      if count <= 0 { break }
      answer += buffer[..<count]
    }
    return String(decoding: answer, as: UTF8.self)
  }

  private static func listening(_ host: ComputeHost) async throws -> LeaseID {
    let lease = try await host.container(host.spec(command: ["nc", "-ll", "-p", "8080", "-e", "/bin/cat"]))
    try await host.eventually("it does not listen") {
      do {
        _ = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
        return true
      } catch let error as DriverError where error.kind == .refused {
        return false
      }
    }
    return lease
  }

  @Test func aPortIsReachedWithoutANetwork() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      let connection = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
      #expect(try Self.ask(connection, "over and back") == "over and back")
      let error = await #expect(throws: DriverError.self) {
        _ = try await host.driver.connect(to: 8_081, in: lease, as: .holder)
      }
      #expect(error?.kind == .refused)
      // This thread is where it was.
      #expect(try await host.run("true", in: lease).code == 0)
    }
  }

  /// What listens on the host's own loopback is not the container's.
  @Test func theHostIsNotReached() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
      defer { close(listener) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = inet_addr("127.0.0.1")
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let code = withUnsafeMutablePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
          bind(listener, address, length) == 0 && listen(listener, 1) == 0
            ? getsockname(listener, address, &length) : -1
        }
      }
      try #require(code == 0)
      let port = UInt16(bigEndian: address.sin_port)
      let error = await #expect(throws: DriverError.self) {
        _ = try await host.driver.connect(to: port, in: lease, as: .holder)
      }
      #expect(error?.kind == .refused)
    }
  }

  @Test func whatDoesNotRunIsNotReached() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      func kind() async -> DriverError.Kind? {
        await #expect(throws: DriverError.self) {
          _ = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
        }?.kind
      }
      try await host.driver.suspend(lease, generation: 2)
      #expect(await kind() == .failed)
      try await host.driver.resume(try host.driver.made(lease, "test").spec, generation: 3)
      try await host.driver.stop(lease)
      #expect(await kind() == .stopped)
      _ = try await host.driver.destroy(lease, generation: 4)
      #expect(await kind() == .absent)
    }
  }

  @Test func soManyAndNoMore() async throws {
    var options = ComputeDriver.Options.quick
    options.connections = (ofOne: 2, all: 3)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      let first = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
      do {
        let second = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
        let error = await #expect(throws: DriverError.self) {
          _ = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
        }
        #expect(error?.kind == .tooMany)
        withExtendedLifetime(second) {}
      }
      // One has ended.
      _ = try await host.driver.connect(to: 8_080, in: lease, as: .holder)
      withExtendedLifetime(first) {}
    }
  }

  /// As many strangers as may be take no place of the holder's, nor he theirs.
  @Test func strangersLeaveTheHolderHisPlaces() async throws {
    var options = ComputeDriver.Options.quick
    options.connections = (ofOne: 2, all: 3)
    options.visits = (ofOne: 3, all: 4)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      var kept: [PortConnection] = []
      for (visitor, most) in [(PortVisitor.stranger, 3), (.holder, 2)] {
        for _ in 0..<most { kept.append(try await host.driver.connect(to: 8_080, in: lease, as: visitor)) }
        let error = await #expect(throws: DriverError.self) {
          _ = try await host.driver.connect(to: 8_080, in: lease, as: visitor)
        }
        #expect(error?.kind == .tooMany)
      }
      kept.removeAll()
      _ = try await host.driver.connect(to: 8_080, in: lease, as: .stranger)
    }
  }

  /// A port that takes nobody in holds nobody up for long.
  @Test func aFullPortIsGivenUp() async throws {
    var options = ComputeDriver.Options.quick
    options.connectPatience = .milliseconds(300)
    try await ComputeHost.with(options: options) { (host: ComputeHost) async throws in
      let lease = try await Self.listening(host)
      let stopped = try await host.run("kill -STOP $(pidof nc | tr ' ' '\\n' | head -1); true", in: lease)
      #expect(stopped.code == 0)
      // What the kernel takes in before anybody accepts; then it keeps silent.
      var kept: [PortConnection] = []
      var kind: DriverError.Kind?
      while kind == nil, kept.count < 64 {
        do {
          kept.append(try await host.driver.connect(to: 8_080, in: lease, as: .holder))
        } catch let error as DriverError {
          kind = error.kind
        }
      }
      #expect(kind == .silent)
    }
  }
}
