import Glibc
import L402
import NIOCore
import NIOPosix
import Notices

/// Names to addresses (DNS), and which of those may be connected to.
///
/// What a name leads to is asked once, and it is these very addresses that are connected to: a name that is resolved twice
/// may lead to a neighbour the second time.
struct Resolving: Sendable {
  /// Where nobody else waits: a name server that keeps silent holds a thread for as long as the system's resolver lets it.
  private static let walletThreads = threads(8)
  /// A thread for each relay of each message that may be on its way at once: whose names are not found delays nobody.
  private static let messageThreads = threads(96)

  private static func threads(_ count: Int) -> NIOThreadPool {
    let pool = NIOThreadPool(numberOfThreads: count)
    pool.start()
    return pool
  }

  let reachable: ReachableAddresses
  let use: RelayClient.Use

  private var threads: NIOThreadPool {
    switch use {
    case .wallets: Self.walletThreads
    case .messages: Self.messageThreads
    }
  }

  /// At most three, in the order of the system's preference.
  func addresses(of relay: RelayAddress) async throws(RelayFault) -> [SocketAddress] {
    let found: [SocketAddress]
    do {
      found = try await threads.runIfActive { try Self.lookUp(relay.host, port: relay.port) }
    } catch let fault as RelayFault {
      throw fault
    } catch {
      throw RelayFault(.notSent, "its name cannot be looked up")
    }
    var refusal = "its name leads nowhere"
    var allowed: [SocketAddress] = []
    for address in found {
      guard let text = address.ipAddress, let known = IPAddress(text) else { continue }
      if let what = reachable.refusal(of: known) {
        refusal = "its address may not be connected to: \(what)"
      } else {
        allowed.append(address)
      }
    }
    guard !allowed.isEmpty else { throw RelayFault(.notSent, refusal) }
    return Array(allowed.prefix(3))
  }

  private static func lookUp(_ host: String, port: Int) throws -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    // An address is not looked up, whatever families this machine has.
    hints.ai_flags = IPAddress(host) == nil ? AI_ADDRCONFIG : AI_NUMERICHOST
    var first: UnsafeMutablePointer<addrinfo>?
    guard getaddrinfo(host, String(port), &hints, &first) == 0 else {
      throw RelayFault(.notSent, "its name cannot be looked up")
    }
    defer { freeaddrinfo(first) }
    var found: [SocketAddress] = []
    var next = first
    while let entry = next, found.count < 16 {
      defer { next = entry.pointee.ai_next }
      guard let address = entry.pointee.ai_addr else { continue }
      switch entry.pointee.ai_family {
      case AF_INET:
        address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { found.append(SocketAddress($0.pointee)) }
      case AF_INET6:
        address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { found.append(SocketAddress($0.pointee)) }
      default: break
      }
    }
    return found
  }
}
