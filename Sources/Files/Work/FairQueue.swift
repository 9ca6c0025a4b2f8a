/// Which job is next when many leases want few threads: leases take turns, however many jobs one of them brings.
///
/// A value without threads or clocks: ``Lane`` keeps it behind a lock and does what it answers.
struct FairQueue<Key: Hashable, Job> {
  /// How many jobs are at work at once: of everybody, and of one key.
  let most: Int
  let each: Int
  /// How many jobs of one key may wait.
  let longest: Int

  private struct Line {
    var working = 0
    var waiting: [Job] = []
  }

  private var working = 0
  private var lines: [Key: Line] = [:]
  /// The keys that have waiting jobs; whose turn is next comes first.
  private var order: [Key] = []

  enum Entry: Hashable, Sendable {
    /// The caller starts it now and says ``leave(_:)`` when it is over.
    case starts
    /// It comes out of a later ``leave(_:)``, or of ``withdraw(of:where:)``.
    case waits
    /// Too many of this key are waiting already; it is forgotten.
    case isRefused
  }

  init(most: Int, each: Int, longest: Int) {
    self.most = most
    self.each = each
    self.longest = longest
  }

  mutating func enter(_ job: Job, of key: Key) -> Entry {
    var line = lines[key] ?? Line()
    defer { lines[key] = line }
    // Whoever waits while a place is free waits for his own other jobs: nobody is overtaken.
    if working < most, line.working < each {
      working += 1
      line.working += 1
      return .starts
    }
    guard line.waiting.count < longest else { return .isRefused }
    if line.waiting.isEmpty { order.append(key) }
    line.waiting.append(job)
    return .waits
  }

  /// A job of this key is over.
  ///
  /// - Returns: what is to be started in its place, and whose it is.
  mutating func leave(_ key: Key) -> (job: Job, key: Key)? {
    guard var line = lines[key], line.working > 0 else { preconditionFailure("who leaves has entered") }
    working -= 1
    line.working -= 1
    lines[key] = line.working == 0 && line.waiting.isEmpty ? nil : line
    guard let place = order.firstIndex(where: { (lines[$0]?.working ?? 0) < each }) else { return nil }
    let next = order.remove(at: place)
    guard var chosen = lines[next] else { preconditionFailure("a key in order has a line") }
    let job = chosen.waiting.removeFirst()
    working += 1
    chosen.working += 1
    if !chosen.waiting.isEmpty { order.append(next) }
    lines[next] = chosen
    return (job, next)
  }

  /// Takes waiting jobs out; those at work are not touched.
  mutating func withdraw(of key: Key, where isUnwanted: (Job) -> Bool) -> [Job] {
    guard var line = lines[key], !line.waiting.isEmpty else { return [] }
    let withdrawn = line.waiting.filter(isUnwanted)
    line.waiting.removeAll(where: isUnwanted)
    if line.waiting.isEmpty { order.removeAll { $0 == key } }
    lines[key] = line.working == 0 && line.waiting.isEmpty ? nil : line
    return withdrawn
  }
}
