import Foundation
import Glibc
import Testing
import Units
import Wallets
import Wire

@testable import Client
@testable import RenterKit

/// A shop, a server in front of it, and a renter's state; gone afterwards.
final class Bench: Sendable {
  let shop = Shop()
  let trap: Trap
  let server: MiniServer
  let folder: URL

  private init() async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
      "leasehold-client-\(UUID().uuidString)")
    let trap = Trap(folder)
    let shop = shop
    self.folder = folder
    self.trap = trap
    server = try await MiniServer { request in trap.pass { shop.answer(request) } ?? .hangUp }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  static func run(_ body: (Bench) async throws -> Void) async throws {
    let bench = try await Bench()
    do { try await body(bench) } catch {
      await bench.server.close()
      throw error
    }
    await bench.server.close()
  }

  var state: StateDirectory {
    get throws { try StateDirectory(path: folder.path) }
  }

  /// A client as a new run of the program would have it.
  func client<Result>(
    of address: ServerAddress? = nil, pays: Bool = false, wallet: (any Wallet)? = nil, patience: Seconds = 60,
    budget: Budget = Budget(), _ body: (LeaseholdClient) async throws -> Result
  ) async throws -> Result {
    let address = try #require(address ?? ServerAddress(server.address))
    let client = LeaseholdClient(
      server: address, state: try state, settings: .init(paysAtDoors: pays, patience: patience, budget: budget),
      wallet: wallet)
    do {
      let result = try await DurableFile.$lives.withValue({ [trap] in trap.write($0) }) {
        try await body(client)
      }
      await client.shutdown()
      return result
    } catch {
      await client.shutdown()
      throw error
    }
  }

  func rent() async throws -> LeaseDocument {
    try await client { try await $0.rent(RentRequest(offer: "disk-small")).document }
  }

  /// The error that `body` ends with.
  func failure(_ body: () async throws -> Void) async -> ClientError? {
    await #expect(throws: ClientError.self) { try await body() }
  }

  /// The payments that the node has made.
  var payments: [String] { shop.state.withLock { $0.payments } }
  /// The invoices that were minted.
  var sales: Int { shop.state.withLock { $0.sales.count } }

  func upset(_ change: (inout Shop.State) -> Void) { shop.state.withLock { change(&$0) } }
}

/// A port of the loopback that is bound and not listened on: whoever connects is refused.
struct TakenPort {
  let port: UInt16
  private let socket: Int32

  init() throws {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let done = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(socket, address, size) == 0 && getsockname(socket, address, &size) == 0
      }
    }
    try #require(done)
    self.socket = socket
    port = UInt16(bigEndian: address.sin_port)
  }

  func release() { close(socket) }
}
