import Leasing
import Synchronization

/// Terms by the text they are stored as. All leases of an offer have the same, so that reading a batch of leases
/// decodes them once. Bounded: a text nobody has read for a while is decoded again.
final class TermsMemory: Sendable {
  static let shared = TermsMemory()

  private static let capacity = 1_024
  private let known = Mutex<[String: Terms]>([:])

  func terms(_ text: String) throws -> Terms {
    if let terms = known.withLock({ $0[text] }) { return terms }
    let terms = try JSON.decode(Terms.self, from: text)
    known.withLock { known in
      if known.count >= TermsMemory.capacity { known.removeAll(keepingCapacity: true) }
      known[text] = terms
    }
    return terms
  }
}
