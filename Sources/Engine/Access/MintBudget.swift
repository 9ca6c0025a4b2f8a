import L402
import Ledger
import Synchronization
import Units

/// How many challenges may be minted: a count-min sketch of leaky buckets. What was spent drains evenly.
///
/// Holders who renew have a budget for each lease and one for all of them, which strangers never touch. Strangers have
/// one for each client network and one for all; half of that is kept for those who have asked for little in the last ten
/// minutes, so that who asks and asks without paying does not use up what honest buyers need.
///
/// Memory is fixed, whoever asks: clients share a table in which each has one place in either row, found by a hash that
/// differs from process to process. A client is refused when both of its places are full. Two clients who share one
/// place do not notice; who shares both with somebody that floods us is one in a thousand million, and waits a minute.
/// Nobody is forgotten to make room, so that a flood of addresses lets nobody in who had spent his share.
final class MintBudget: Sendable {
  private struct Place {
    var spent: Float = 0
    var at: Instant
  }
  private struct State {
    /// Two rows of ``width`` places each: of clients for the minute and for ten of them, and of leases.
    var clients: [Place]
    var modest: [Place]
    var leases: [Place]
    /// Of leases that strangers extend, and of a stranger with a lease.
    var extended: [Place]
    var strangers: Place
    var holders: Place
  }

  /// Per minute.
  struct Limits: Sendable {
    var perClient: Int
    var strangers: Int
    var perLease = 20
    var holders = 6_000
    /// Of strangers, for a lease that they name.
    var perExtendedLease = 20
    /// Of one of them.
    var perExtender = 5
  }

  private struct Extender: Hashable {
    var client: IPAddress?
    var lease: LeaseID
  }

  /// What a renewal is answered.
  enum Renewal: Hashable, Sendable {
    case taken
    /// This lease has asked for too many, and may again after so many seconds.
    case tooManyOfThisLease(Int)
    /// All leases together have; that is nothing this one can help.
    case tooManyOfAll(Int)
  }

  /// Who asked for no more than so many in the last ten minutes may use all of the strangers' budget, the others half.
  static let modesty: Float = 6
  private static let modestPerMinute: Float = 0.6
  static let kept: Float = 0.5

  static let width = 32_768
  private let limits: Limits
  private let state: Mutex<State>

  init(_ limits: Limits) {
    self.limits = limits
    let empty = Place(at: Instant(microseconds: 0))
    let rows = Array(repeating: empty, count: 2 * MintBudget.width)
    state = Mutex(State(clients: rows, modest: rows, leases: rows, extended: rows, strangers: empty, holders: empty))
  }

  /// - Parameters: budgets of strangers per minute.
  convenience init(perClient: Int, global: Int) {
    self.init(Limits(perClient: perClient, strangers: global))
  }

  /// Takes one for a stranger, or says after how many seconds there may be one again.
  func take(_ client: IPAddress?, at now: Instant) -> Int? {
    let rows = places(of: client?.party)
    let (perClient, all) = (Float(limits.perClient), Float(limits.strangers))
    return state.withLock { state in
      drain(&state.strangers, perMinute: all, at: now)
      let spent = Self.spent(&state.clients, rows) { drain(&$0, perMinute: perClient, at: now) }
      let lately = Self.spent(&state.modest, rows) { drain(&$0, perMinute: Self.modestPerMinute, at: now) }
      guard spent + 1 <= perClient else { return wait(for: spent + 1 - perClient, perMinute: perClient) }
      let room = lately + 1 <= Self.modesty ? all : max(1, all * (1 - Self.kept))
      guard state.strangers.spent + 1 <= room else {
        return wait(for: state.strangers.spent + 1 - room, perMinute: all)
      }
      Self.spend(&state.clients, rows, spent)
      // A flood of one client's is not remembered for longer than one that used up what it had.
      Self.spend(&state.modest, rows, min(lately, Self.modesty * 2))
      state.strangers.spent += 1
      return nil
    }
  }

  /// Takes one for a stranger who extends a lease, or says after how many seconds there may be one again: so many for a
  /// lease, fewer for each who asks, so that who asks and asks keeps nobody else from paying.
  func takeExtension(of lease: LeaseID, by client: IPAddress?, at now: Instant) -> Int? {
    let (leases, extenders) = (places(of: lease), places(of: Extender(client: client?.party, lease: lease)))
    let (perLease, perClient) = (Float(limits.perExtendedLease), Float(limits.perExtender))
    return state.withLock { state in
      let mine = Self.spent(&state.extended, extenders) { drain(&$0, perMinute: perClient, at: now) }
      guard mine + 1 <= perClient else { return wait(for: mine + 1 - perClient, perMinute: perClient) }
      let spent = Self.spent(&state.extended, leases) { drain(&$0, perMinute: perLease, at: now) }
      guard spent + 1 <= perLease else { return wait(for: spent + 1 - perLease, perMinute: perLease) }
      Self.spend(&state.extended, extenders, mine)
      Self.spend(&state.extended, leases, spent)
      return nil
    }
  }

  /// Takes one for a renewal whose holder has shown his credential.
  func takeRenewal(of lease: LeaseID, at now: Instant) -> Renewal {
    let rows = places(of: lease)
    let (perLease, all) = (Float(limits.perLease), Float(limits.holders))
    return state.withLock { state in
      drain(&state.holders, perMinute: all, at: now)
      let spent = Self.spent(&state.leases, rows) { drain(&$0, perMinute: perLease, at: now) }
      guard spent + 1 <= perLease else {
        return .tooManyOfThisLease(wait(for: spent + 1 - perLease, perMinute: perLease))
      }
      guard state.holders.spent + 1 <= all else {
        return .tooManyOfAll(wait(for: state.holders.spent + 1 - all, perMinute: all))
      }
      Self.spend(&state.leases, rows, spent)
      state.holders.spent += 1
      return .taken
    }
  }

  private static func spent(_ places: inout [Place], _ rows: [Int], _ drain: (inout Place) -> Void) -> Float {
    for index in rows { drain(&places[index]) }
    return rows.map { places[$0].spent }.min() ?? 0
  }

  /// What somebody else has put into one of the two is not added to.
  private static func spend(_ places: inout [Place], _ rows: [Int], _ spent: Float) {
    for index in rows { places[index].spent = max(places[index].spent, spent + 1) }
  }

  private func places(of party: some Hashable) -> [Int] {
    (0..<2).map { row in
      var hasher = Hasher()
      hasher.combine(row)
      hasher.combine(party)
      return row * MintBudget.width + Int(UInt(bitPattern: hasher.finalize()) % UInt(MintBudget.width))
    }
  }

  private func drain(_ place: inout Place, perMinute: Float, at now: Instant) {
    let elapsed = Float(max(0, now.microseconds(since: place.at))) / 60_000_000
    place.spent = max(0, place.spent - elapsed * perMinute)
    place.at = now
  }

  private func wait(for excess: Float, perMinute: Float) -> Int {
    max(1, Int((excess * 60 / perMinute).rounded(.up)))
  }
}
