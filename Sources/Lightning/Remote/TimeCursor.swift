import Engine
import L402
import NodeRPC
import Units

/// A place among settlements that a node orders by nothing but its clock.
///
/// Two settlements may have one time, and one may become visible after another that is later: the node stamps first and
/// commits then. So a cursor is a moment some seconds *before* the last settlement delivered, and the settlements
/// delivered since that moment. What comes next is everything from the moment on but those: nothing twice, and nothing
/// lost that turns up within those seconds. A cursor is complete in itself and survives every restart.
///
/// What turns up later than that (a node whose clock was set back) is not in the cursor's future any more. The engine's
/// sweep finds it, because it asks for each open invoice by its hash. Deliveries are booked once by payment hash, so that
/// one too many is harmless.
struct TimeCursor: Hashable {
  /// How far behind the last settlement a late one is still found.
  static let overlap: Seconds = 10

  struct Row {
    var at: Instant
    var hash: [UInt8]
  }

  /// Everything before has been seen.
  private(set) var base: Instant
  /// The beginnings of the payment hashes seen from ``base`` on: eight bytes tell apart what a node settles in seconds.
  private var seen: Set<[UInt8]>

  static let beginning = TimeCursor(base: Instant(microseconds: 0), seen: [])

  private init(base: Instant, seen: Set<[UInt8]>) {
    self.base = base
    self.seen = seen
  }

  /// A cursor that is none of ours starts at the beginning: hearing of a payment twice is harmless, never hearing of one
  /// is not.
  init(_ text: String?) {
    self = text.flatMap(Self.read) ?? .beginning
  }

  private static func read(_ text: String) -> TimeCursor? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, let base = Int64(parts[0]), base >= 0 else { return nil }
    var seen: Set<[UInt8]> = []
    for word in parts[1].split(separator: ",") {
      guard let bytes = Hex.bytes(String(word)), bytes.count == 8 else { return nil }
      seen.insert(bytes)
    }
    return TimeCursor(base: Instant(microseconds: base), seen: seen)
  }

  /// Right behind one settlement of which nothing else is known.
  init(after row: Row) {
    self.init(base: Self.base(of: row.at), seen: [Array(row.hash.prefix(8))])
  }

  var text: String {
    let words = seen.map { Hex.text(of: $0) }.sorted()
    return "\(base.microseconds):\(words.joined(separator: ","))"
  }

  /// At most `limit` of the rows that come next, oldest first, each with the cursor behind it.
  ///
  /// - Parameter rows: all from ``base`` on, in any order.
  func next(_ rows: [Row], limit: Int) -> [(row: Row, cursor: TimeCursor)] {
    let ordered = rows.filter { $0.at >= base }.sorted { a, b in
      a.at == b.at ? a.hash.lexicographicallyPrecedes(b.hash) : a.at < b.at
    }
    let times = Dictionary(ordered.map { (Array($0.hash.prefix(8)), $0.at) }) { max($0, $1) }
    var cursor = self
    var found: [(Row, TimeCursor)] = []
    for row in ordered where !cursor.seen.contains(Array(row.hash.prefix(8))) {
      guard found.count < limit else { break }
      cursor.base = max(cursor.base, Self.base(of: row.at))
      cursor.seen.insert(Array(row.hash.prefix(8)))
      let base = cursor.base
      cursor.seen = cursor.seen.filter { times[$0].map { $0 >= base } ?? false }
      found.append((row, cursor))
    }
    return found
  }

  private static func base(of moment: Instant) -> Instant { max(Instant(microseconds: 0), moment - overlap) }
}
