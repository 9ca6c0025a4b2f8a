import NIOCore
import Synchronization

/// Counts the connections of a server, and decides who stays when there are too many.
final class Doorkeeper: Sendable {
  /// One connection, while it is open.
  final class Visit: Sendable {
    let number: UInt64
    let client: Client?
    fileprivate let channel: any Channel
    private let isServed = Atomic<Bool>(false)

    fileprivate init(_ number: UInt64, _ client: Client?, _ channel: any Channel) {
      self.number = number
      self.client = client
      self.channel = channel
    }

    /// Whether a request of it is being answered.
    var isBusy: Bool {
      get { isServed.load(ordering: .relaxed) }
      set { isServed.store(newValue, ordering: .relaxed) }
    }
  }

  /// Whoever can have many addresses has them in one network of 48 bits; IPv4 addresses are scarce.
  struct Client: Hashable, Sendable {
    var prefix: [UInt8]

    init?(_ address: SocketAddress?) {
      switch address {
      case .v4(let address): prefix = withUnsafeBytes(of: address.address.sin_addr) { Array($0) }
      case .v6(let address):
        let bytes = withUnsafeBytes(of: address.address.sin6_addr) { Array($0) }
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        prefix = isMapped ? Array(bytes[12...]) : Array(bytes[..<6])
      case .unixDomainSocket, nil: return nil
      }
    }
  }

  private struct State {
    var next: UInt64 = 0
    var visits: [UInt64: Visit] = [:]
    /// Their numbers, oldest first.
    var clients: [Client: [UInt64]] = [:]

    mutating func remove(_ visit: Visit) {
      guard visits.removeValue(forKey: visit.number) != nil, let client = visit.client else { return }
      clients[client]?.removeAll { $0 == visit.number }
      if clients[client]?.isEmpty == true { clients[client] = nil }
    }
  }

  private let rules: ConnectionRules
  private let state = Mutex(State())

  init(_ rules: ConnectionRules) {
    self.rules = rules
  }

  var count: Int { state.withLock { $0.visits.count } }

  /// Takes in a new connection.
  ///
  /// - Returns: `nil` when there is no room: it is to be closed.
  func enter(_ channel: any Channel) -> Visit? {
    let address = channel.remoteAddress
    let isExempt = address?.ipAddress.map(rules.isExempt) ?? true
    let isOperator = !isExempt && address?.ipAddress.map(rules.isOperator) == true
    let (visit, leaving) = state.withLock {
      decide(channel, isExempt ? nil : Client(address), reserve: isOperator ? ConnectionRules.reserve : 0, &$0)
    }
    leaving?.channel.close(promise: nil)
    guard let visit else { return nil }
    channel.closeFuture.whenComplete { [self] _ in state.withLock { $0.remove(visit) } }
    return visit
  }

  private func decide(
    _ channel: any Channel, _ client: Client?, reserve: Int, _ state: inout State
  ) -> (entered: Visit?, leaving: Visit?) {
    var leaving: Visit?
    let others = client.flatMap { state.clients[$0] } ?? []
    if client != nil, others.count >= rules.mostOfOneClient {
      leaving = others.compactMap { state.visits[$0] }.first { !$0.isBusy }
      guard leaving != nil else { return (nil, nil) }
    } else if state.visits.count >= rules.most {
      leaving = state.visits.values.filter { !$0.isBusy }.min { $0.number < $1.number }
      guard leaving != nil || state.visits.count < rules.most + reserve else { return (nil, nil) }
    }
    if let leaving { state.remove(leaving) }
    let visit = Visit(state.next, client, channel)
    state.next += 1
    state.visits[visit.number] = visit
    if let client { state.clients[client, default: []].append(visit.number) }
    return (visit, leaving)
  }
}
