import Leasing
import Ledger

/// The resource drivers of a daemon, one for each kind on each of its hosts. A lease is in the hands of the driver of the
/// host that it was placed on, and of no other.
public struct ResourceDrivers: Sendable {
  struct Place: Hashable, Comparable {
    var host: String
    var kind: Kind

    static func < (a: Place, b: Place) -> Bool { (a.host, a.kind.rawValue) < (b.host, b.kind.rawValue) }
  }

  private var drivers: [Place: any ResourceDriver] = [:]

  /// None.
  public init() {}

  /// Drivers of one host.
  public init(host: String, _ drivers: [any ResourceDriver]) {
    for driver in drivers { add(driver, on: host) }
  }

  /// In the place of the one of its kind that was there.
  public mutating func add(_ driver: any ResourceDriver, on host: String) {
    drivers[Place(host: host, kind: driver.kind)] = driver
  }

  /// The driver of a lease; `nil`: its host is another daemon's. One without a place is in the hands of the only driver of
  /// its kind, where there is only one.
  func driver(of record: LeaseRecord) -> (any ResourceDriver)? {
    let kind = record.lease.terms.kind
    if let placement = record.placement { return drivers[Place(host: placement.host, kind: kind)] }
    let ofKind = drivers.filter { $0.key.kind == kind }
    return ofKind.count == 1 ? ofKind.first?.value : nil
  }

  /// All of them, in one order.
  var all: [(place: Place, driver: any ResourceDriver)] {
    drivers.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
