import Engine
import Ledger
import Synchronization

/// How many of the things that renters start through the doors there may be at once: of one lease, so that it does not
/// take what others need, and in all, so that many leases together do not take what the host needs.
final class DoorPlaces: Sendable {
  enum Thing: String, Hashable, Sendable, CaseIterable {
    case command
    case log
    /// A start or a stop: they wait for each other.
    case order
    /// To a port of the container, of who shows a credential.
    case connection
    /// To a public one, of anybody.
    case visit
  }

  struct Bounds: Hashable, Sendable {
    var ofOne: Int
    var all: Int
  }

  private struct State {
    var ofOne: [Thing: [LeaseID: Int]] = [:]
    var all: [Thing: Int] = [:]
  }

  private let bounds: [Thing: Bounds]
  private let state = Mutex(State())

  init(_ bounds: [Thing: Bounds]) {
    self.bounds = bounds
  }

  /// - Throws: `.tooMany`, with the bound in words.
  func take(_ thing: Thing, of lease: LeaseID, attempted: String) throws(DriverError) -> Place {
    let bound = bounds[thing] ?? Bounds(ofOne: .max, all: .max)
    let refusal = state.withLock { state -> String? in
      let mine = state.ofOne[thing]?[lease] ?? 0
      if mine >= bound.ofOne { return "\(bound.ofOne) \(thing.words) of one lease at once" }
      if state.all[thing] ?? 0 >= bound.all { return "this host has too many \(thing.words) now" }
      state.ofOne[thing, default: [:]][lease] = mine + 1
      state.all[thing, default: 0] += 1
      return nil
    }
    if let refusal { throw DriverError(.tooMany, attempted: attempted, words: refusal) }
    return Place(places: self, thing: thing, lease: lease)
  }

  fileprivate func giveBack(_ thing: Thing, _ lease: LeaseID) {
    state.withLock { state in
      state.all[thing, default: 1] -= 1
      let left = (state.ofOne[thing]?[lease] ?? 1) - 1
      state.ofOne[thing]?[lease] = left > 0 ? left : nil
    }
  }

  /// One place, given back once: by whoever says so, or with its last owner.
  final class Place: Sendable {
    private let places: DoorPlaces
    private let thing: Thing
    private let lease: LeaseID
    private let taken = Mutex(true)

    fileprivate init(places: DoorPlaces, thing: Thing, lease: LeaseID) {
      self.places = places
      self.thing = thing
      self.lease = lease
    }

    func giveBack() {
      let mine = taken.withLock { taken in
        defer { taken = false }
        return taken
      }
      if mine { places.giveBack(thing, lease) }
    }

    deinit {
      giveBack()
    }
  }
}

extension DoorPlaces.Thing {
  fileprivate var words: String {
    switch self {
    case .command: "commands"
    case .log: "readers of logs"
    case .order: "starts and stops"
    case .connection: "connections to ports"
    case .visit: "connections of strangers to public ports"
    }
  }
}
