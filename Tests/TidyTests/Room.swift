/// One row of the table of rooms: what may be imported there, and nothing else may.
struct Room: Sendable {
  enum Kind: Sendable {
    /// No I/O and no clock: nothing of the platform may be imported, Foundation least of all.
    case pure
    /// C made visible to Swift; holds no Swift of ours.
    case shim
    /// Use cases and the ports through which they reach the world.
    case engine
    /// A way of meeting a port. Adapters do not know of each other.
    case adapter
    /// What a renter or a provider knocks at.
    case door
    /// A program: it may import what it composes, and nothing may import it.
    case program
    /// Lives under `Tests`.
    case testing
  }

  var name: String
  var kind: Kind
  /// Rooms imported. Arrows are transitive, except into a shim: C is reached only by a room with an arrow of its own.
  var arrows: Set<String> = []
  /// Products of other packages.
  var products: Set<String> = []
  /// Modules of the toolchain and the platform, beyond the standard library.
  var platform: Set<String> = []

  /// Modules of the standard library: open to every room.
  static let standardLibrary: Set<String> = ["Swift", "Synchronization"]
}
