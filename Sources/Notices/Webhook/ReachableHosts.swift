import Engine
import Glibc
import L402
import NIOPosix

/// Finds the one address of a host that may be connected to. It is found and judged once, and it is that address that is
/// then connected to: a name that is asked for twice may lead elsewhere the second time (DNS rebinding).
public struct ReachableHosts: Sendable {
  public let reachable: ReachableAddresses
  private let resolve: @Sendable (String) async throws -> [IPAddress]

  /// - Parameter resolve: all addresses of a name; the system's own unless given.
  public init(
    _ reachable: ReachableAddresses, resolve: (@Sendable (String) async throws -> [IPAddress])? = nil
  ) {
    self.reachable = reachable
    self.resolve = resolve ?? { try await Self.system($0) }
  }

  /// The first address of a host, or an address written out, that may be connected to.
  ///
  /// - Throws: `DeliveryFault`, which does not name the host.
  public func address(of host: String) async throws(DeliveryFault) -> IPAddress {
    let all: [IPAddress]
    if let literal = IPAddress(host) {
      all = [literal]
    } else {
      do {
        all = try await resolve(host)
      } catch {
        throw DeliveryFault("its name is not found")
      }
    }
    guard let first = all.first else { throw DeliveryFault("its name is not found") }
    if let good = all.first(where: { reachable.refusal(of: $0) == nil }) { return good }
    throw DeliveryFault("it may not be connected to: \(reachable.refusal(of: first) ?? "not public")")
  }

  /// A blocking call for each message that may be on its way at once; the system's resolver ends each by itself.
  private static let threads: NIOThreadPool = {
    let threads = NIOThreadPool(numberOfThreads: 32)
    threads.start()
    return threads
  }()

  private static func system(_ host: String) async throws -> [IPAddress] {
    try await threads.runIfActive {
      var hints = addrinfo()
      hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
      var found: UnsafeMutablePointer<addrinfo>?
      let status = getaddrinfo(host, nil, &hints, &found)
      guard status == 0 else { throw DeliveryFault("its name is not found") }
      defer { freeaddrinfo(found) }
      var addresses: [IPAddress] = []
      var next = found
      while let info = next?.pointee, addresses.count < 32 {
        var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        if getnameinfo(
          info.ai_addr, info.ai_addrlen, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0
        {
          let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
          if let address = IPAddress(String(decoding: bytes, as: UTF8.self)) { addresses.append(address) }
        }
        next = info.ai_next
      }
      return addresses
    }
  }
}
