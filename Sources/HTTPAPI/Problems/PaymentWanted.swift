import Engine

/// A `402` on its way out: thrown by a door, and rendered where every answer that is no success is.
public struct PaymentWanted: Error {
  public var demand: PaymentDemand
}

extension Sold {
  /// The lease.
  ///
  /// - Throws: the demand, where something is to be paid first.
  func lease() throws(PaymentWanted) -> LeaseRecord {
    switch self {
    case .lease(let record): return record
    case .pay(let demand): throw PaymentWanted(demand: demand)
    }
  }
}

extension Opened {
  /// What is behind the door, and the permission to serve it.
  ///
  /// - Throws: the demand, where something is to be paid first.
  public func opened() throws(PaymentWanted) -> (any Admission, Thing) {
    switch self {
    case .serves(let admission, let thing): return (admission, thing)
    case .pay(let demand): throw PaymentWanted(demand: demand)
    }
  }
}
