import L402
import Leasing
import Ledger
import Units

/// Looking never costs money: a genuine expired credential serves.
extension Engine {
  public func offers() async throws -> [OfferAvailability] {
    let offers = catalog.offers.map(asOfNow)
    return try await store.transaction { tx in
      try offers.map {
        OfferAvailability(offer: $0, available: try tx.available($0.terms.resources, kind: $0.terms.kind))
      }
    }
  }

  /// With its price in bitcoin as of now, where it is in a currency and that has a rate.
  public func asOfNow(_ offer: Offer) -> Offer {
    guard let currency = offer.terms.fiat?.currency else { return offer }
    var offer = offer
    do throws(ExchangeRateTrouble) {
      let rate = try exchangeRates.rate(of: currency, at: clock.now())
      offer.terms = offer.terms.priced(at: rate) ?? offer.terms
    } catch {
      // Looking is no asking for a price: it is shown without, and not counted as refused.
    }
    return offer
  }

  public func offer(_ id: String) async throws -> OfferAvailability {
    guard let offer = catalog.offer(id).map(asOfNow) else { throw Refusal.unknownOffer(id) }
    return try await store.transaction { tx in
      OfferAvailability(offer: offer, available: try tx.available(offer.terms.resources, kind: offer.terms.kind))
    }
  }

  public func lease(_ id: LeaseID, _ caller: Caller) async throws -> LeaseRecord {
    let shown = try await require(.look, of: id, caller)
    guard var record = try await book(shown, of: id) else { throw Refusal.unknownLease }
    // As of now, not as of when something last happened to it.
    record.lease = record.lease.charged(to: clock.now())
    return record
  }

  public func usage(
    of id: LeaseID, after window: Instant?, limit: Int, _ caller: Caller
  ) async throws -> [UsageWindow] {
    _ = try await require(.usage, of: id, caller)
    return try await store.transaction { tx in try tx.usage(of: id, after: window, limit: limit) }
  }

  public func transfers(
    of id: LeaseID, after transfer: Int64, limit: Int, _ caller: Caller
  ) async throws -> [TransferRecord] {
    _ = try await require(.ledger, of: id, caller)
    return try await store.transaction { tx in try tx.transfers(of: id, after: transfer, limit: limit) }
  }

  public func events(
    of id: LeaseID, after sequence: Int64, limit: Int, _ caller: Caller
  ) async throws -> [EventRecord] {
    _ = try await require(.explain, of: id, caller)
    return try await store.transaction { tx in try tx.events(of: id, after: sequence, limit: limit) }
  }

  /// Whether the lease has come to its end and nothing happened to it after this sequence number: its feed would have
  /// nothing to say any more.
  public func isOver(_ id: LeaseID, after sequence: Int64, _ caller: Caller) async throws -> Bool {
    _ = try await require(.events, of: id, caller)
    return try await store.transaction { tx in
      // In this order: an end that is seen has its events.
      let isOver = try tx.lease(id)?.lease.isClosed ?? true
      return try isOver && tx.events(of: id, after: sequence, limit: 1).isEmpty
    }
  }

  /// The event feed after a sequence number, as it grows; ends when the lease is closed and all is told. The credential
  /// is asked for at the start, each time something is sent, and each second, so that a quiet feed ends when the
  /// credential does.
  public func feed(
    of id: LeaseID, after sequence: Int64, _ caller: Caller
  ) async throws -> AsyncThrowingStream<EventRecord, any Error> {
    _ = try await require(.events, of: id, caller)
    return AsyncThrowingStream { continuation in
      let task = Task { [self] in
        do {
          var last = sequence
          for await _ in watch.changes(of: id) {
            _ = try await require(.events, of: id, caller)
            while true {
              let from = last
              let (isOver, events) = try await store.transaction { tx in
                // In this order: an end that is seen has its events.
                (try tx.lease(id)?.lease.isClosed ?? true, try tx.events(of: id, after: from, limit: 100))
              }
              for event in events {
                last = event.sequence
                if event.feedName != nil { continuation.yield(event) }
              }
              guard events.count < 100 else { continue }
              if isOver {
                continuation.finish()
                return
              }
              break
            }
          }
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      let watching = Task { [self] in
        do {
          while true {
            try await Task.sleep(for: .seconds(1))
            _ = try await require(.events, of: id, caller)
          }
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in
        task.cancel()
        watching.cancel()
      }
    }
  }
}
