import Engine
import NIOSSL
import Nostr
import Notices
import Synchronization

/// A client of Nostr relays (NIP-01), which renters name: so each is taken for hostile. Bounded in bytes, texts and time;
/// it connects only where `ReachableAddresses` lets it, follows no redirects and keeps no connection.
public struct RelayClient: Sendable {
  /// What relays are asked for. Neither waits for the other's.
  public enum Use: Sendable {
    case wallets
    case messages
  }

  private let resolving: Resolving
  private let tls: TLSConfiguration

  /// - Parameter certificates: PEM of certificates that are trusted besides the system's, for a relay of the provider's own.
  public init(
    for use: Use = .wallets, reaching reachable: ReachableAddresses = ReachableAddresses(),
    trusting certificates: [UInt8]? = nil
  ) throws {
    resolving = Resolving(reachable: reachable, use: use)
    var tls = TLSConfiguration.makeClientConfiguration()
    if let certificates {
      tls.additionalTrustRoots = [.certificates(try NIOSSLCertificate.fromPEMBytes(certificates))]
    }
    self.tls = tls
  }

  /// Sends an event to each of the relays and waits for what answers it. They are asked at the same time, and the first
  /// answer is taken: one that hangs or lies delays no other.
  ///
  /// - Parameters:
  ///   - filter: what is subscribed to before the event is sent; `nil`: nothing, its being taken is the answer.
  ///   - read: makes an answer of an event, or nil where it is none: anybody may publish anything.
  /// - Throws: ``RelayFault``: `.notSent` where no relay was sent the event.
  public func ask<Answer: Sendable>(
    _ relays: [String], _ event: NostrEvent?, awaiting filter: RelayFilter, within limit: Duration,
    read: @escaping @Sendable (NostrEvent) -> Answer?
  ) async throws(RelayFault) -> Answer? {
    try await first(of: relays, filter, event, within: limit) { reaction in
      switch reaction {
      case .take(let event): read(event).map { .some($0) }
      // Everything that is stored was shown.
      case .nothingMore: .some(nil)
      case .nothing, .send, .accepted, .fail: nil
      }
    }
  }

  /// Asks a relay for something that nobody has written, to see that it answers.
  public func greet(_ relay: String, within limit: Duration) async throws(RelayFault) {
    let filter = RelayFilter(kinds: [1], by: NostrSecretKey.random().publicKey, limit: 1)
    _ = try await ask([relay], nil, awaiting: filter, within: limit) { _ in true }
  }

  /// Publishes an event.
  ///
  /// - Returns: how many of the relays took it, at least one.
  public func publish(_ event: NostrEvent, to relays: [String], within limit: Duration) async throws(RelayFault) -> Int
  {
    var taken = 0
    var fault = RelayFault(.notSent, "no relay is named")
    await withTaskGroup(of: Result<Void, RelayFault>.self) { group in
      for relay in Set(relays) {
        group.addTask {
          await outcome(of: relay, nil, event, within: limit) { if case .accepted = $0 { () } else { nil } }
        }
      }
      for await outcome in group {
        switch outcome {
        case .success: taken += 1
        case .failure(let failure): fault = failure
        }
      }
    }
    guard taken > 0 else { throw fault }
    return taken
  }

  private func first<Answer: Sendable>(
    of relays: [String], _ filter: RelayFilter?, _ event: NostrEvent?, within limit: Duration,
    conclude: @escaping @Sendable (RelayConversation.Reaction) -> Answer?
  ) async throws(RelayFault) -> Answer {
    let outcome: Result<Answer, RelayFault> = await withTaskGroup(of: Result<Answer, RelayFault>.self) { group in
      for relay in Set(relays) {
        group.addTask { await self.outcome(of: relay, filter, event, within: limit, conclude: conclude) }
      }
      defer { group.cancelAll() }
      var fault = RelayFault(.notSent, "no relay is named")
      for await outcome in group {
        switch outcome {
        case .success(let answer): return .success(answer)
        // That one relay was never reached says nothing of what another has passed on.
        case .failure(let failure): if fault.kind == .notSent { fault = failure }
        }
      }
      return .failure(fault)
    }
    return try outcome.get()
  }

  private func outcome<Answer: Sendable>(
    of relay: String, _ filter: RelayFilter?, _ event: NostrEvent?, within limit: Duration,
    conclude: @escaping @Sendable (RelayConversation.Reaction) -> Answer?
  ) async -> Result<Answer, RelayFault> {
    guard let address = RelayAddress(relay) else {
      return .failure(RelayFault(.notSent, "a relay is wss://name"))
    }
    let wasSent = SentMark()
    do {
      let answer = try await Deadlines.shared.within(limit) {
        let socket = RelaySocket(relay: address, tls: tls, mark: wasSent)
        return try await socket.talk(
          RelayConversation(filter, sending: event), at: try await resolving.addresses(of: address), conclude: conclude)
      }
      guard let answer else {
        return .failure(RelayFault(.notSent, "\(address): no answer in time").after(sending: wasSent.isSet))
      }
      return .success(answer)
    } catch let fault as RelayFault {
      return .failure(RelayFault(fault.kind, "\(address): \(fault.words)"))
    } catch {
      return .failure(RelayFault(.notSent, "given up").after(sending: wasSent.isSet))
    }
  }
}

/// Set before an event is written to a connection: whoever runs out of time afterwards cannot say that nobody heard it.
final class SentMark: Sendable {
  private let mark = Mutex(false)
  var isSet: Bool { mark.withLock(\.self) }
  func set() { mark.withLock { $0 = true } }
}
