import L402
import Leasing
import Ledger

/// Makes reserved invoices open, each with the token of its challenge, in one transaction that those of the same moment
/// share. Only then are they shown.
final class Openings: Sendable {
  private let store: any Store
  private let together: Gathering<InvoiceOpening, Void>

  init(store: any Store) {
    self.store = store
    together = Gathering { openings in
      let opened = try await store.transaction { tx in try tx.openInvoices(openings) }
      return openings.map { opened.contains($0.id) ? .success(()) : .failure(Openings.givenUp) }
    }
  }

  /// - Throws: `.conflict` when the reservation was given up meanwhile.
  func join(_ opening: InvoiceOpening) async throws { try await together.join(opening) }

  /// The same with a lease that others may have locked. A parent revoked a moment ago leaves no child behind: whoever
  /// revokes locks the lease too.
  func alone(_ opening: InvoiceOpening) async throws {
    try await store.transaction { tx in
      if let token = opening.token {
        _ = try tx.lockLease(token.lease)
        if let parent = token.parent, try tx.token(parent)?.revokedAt != nil { throw Refusal.credential(.revoked) }
      }
      guard try tx.openInvoices([opening]).contains(opening.id) else { throw Openings.givenUp }
    }
  }

  /// Takes back the right to mint. In a task of its own, since this one may have been cancelled; where even that fails, it
  /// lapses.
  ///
  /// - Returns: what went wrong.
  func giveUp(_ id: Int64) async -> (any Error)? {
    let store = store
    return await Task { () -> (any Error)? in
      do {
        try await store.transaction { tx in try tx.dropInvoice(id: id) }
        return nil
      } catch {
        return error
      }
    }.value
  }

  private static let givenUp = StoreError(.conflict, "the reservation of an invoice was given up meanwhile")
}
