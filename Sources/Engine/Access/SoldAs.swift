import Ledger
import Synchronization

/// The variants that leases were sold as (a bounded memo), as far as somebody asked. A lease's never changes, so that
/// what was read once needs no second look.
final class SoldAs: Sendable {
  static let capacity = 65_536
  private let known = Mutex<[LeaseID: String?]>([:])

  /// `nil` when it is not known here; inside, `nil` for a lease that was sold as none.
  subscript(lease: LeaseID) -> String?? { known.withLock { $0[lease] } }

  func remember(_ variant: String?, of lease: LeaseID) {
    known.withLock { known in
      if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
      known.updateValue(variant, forKey: lease)
    }
  }
}
