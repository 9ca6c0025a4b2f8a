import Synchronization

/// Values by the text they are stored as: all leases of an offer have the same terms, and a lease that is asked for
/// again and again has the same everything, so that each is decoded once. Bounded in number and size: a text nobody
/// has read for a while, and one that is long, are decoded again.
final class JSONMemory<Value: Decodable & Sendable>: Sendable {
  /// Texts, and bytes of each.
  private let capacity = 1_024
  private let longest = 8_192
  private let known = Mutex<[String: Value]>([:])

  func value(_ text: String) throws -> Value {
    if let value = known.withLock({ $0[text] }) { return value }
    let value = try JSON.decode(Value.self, from: text)
    guard text.utf8.count <= longest else { return value }
    known.withLock { known in
      if known.count >= capacity { known.removeAll(keepingCapacity: true) }
      known[text] = value
    }
    return value
  }
}
