/// A place among settlements that a node counts, from 1.
///
/// It carries the node it is of: behind another node's the count would start anywhere.
struct CountCursor: Hashable {
  let identity: String
  /// The number of the last settlement seen; 0 at the beginning.
  var index: Int64

  init(identity: String, index: Int64) {
    self.identity = identity
    self.index = index
  }

  /// A cursor that is none of this node's starts at the beginning: hearing of a payment twice is harmless, never hearing
  /// of one is not.
  init(_ text: String?, on identity: String) {
    let parts = text?.split(separator: "-", omittingEmptySubsequences: false) ?? []
    let index = parts.count == 2 && parts[0] == identity ? Int64(parts[1]) : nil
    self.init(identity: identity, index: max(index ?? 0, 0))
  }

  var text: String { "\(identity)-\(index)" }
}
