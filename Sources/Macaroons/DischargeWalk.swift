/// Follows third-party caveats to their discharges, and those of the discharges to theirs.
///
/// Every discharge is visited once or the whole is refused, so the work is bounded by the bytes that were shown.
struct DischargeWalk {
  private enum Visit {
    case waiting
    /// Its own caveats are being followed.
    case open
    case done
  }

  private let primary: Bytes32
  private let discharges: [Macaroon]
  private var visits: [Visit]

  init(primary: Macaroon, discharges: [Macaroon]) throws(VerificationFault) {
    guard discharges.count <= Macaroon.maximumDischarges else { throw .tooManyDischarges }
    for (index, discharge) in discharges.enumerated() {
      let before = discharges[..<index]
      // Which of the two was meant would be a matter of their order.
      guard !before.contains(where: { $0.identifier == discharge.identifier }) else { throw .dischargeRepeated }
    }
    self.primary = primary.signature
    self.discharges = discharges
    visits = Array(repeating: .waiting, count: discharges.count)
  }

  /// Follows the third-party caveats of a macaroon whose chain is known to be genuine under `key`.
  mutating func check(_ macaroon: Macaroon, key: MacaroonKey, depth: Int) throws(VerificationFault) {
    guard macaroon.hasThirdPartyCaveats else { return }
    guard depth <= Macaroon.maximumDepth else { throw .tooDeep }
    var chain = Signing(key: key, identifier: Array(macaroon.identifier))
    for caveat in macaroon.caveats {
      let identifier = Array(caveat.identifier)
      guard let verification = caveat.verification.map({ Array($0) }) else {
        chain.firstParty(identifier)
        continue
      }
      guard let index = discharges.firstIndex(where: { $0.identifier == caveat.identifier }) else {
        throw .undischarged
      }
      let sealed = verification.withUnsafeBytes { SealedKey.open($0, under: chain.value) }
      guard let sealed else { throw .sealedKey }
      try visit(index, key: MacaroonKey(derived: sealed), depth: depth)
      chain.thirdParty(verification: verification, identifier: identifier)
    }
  }

  private mutating func visit(_ index: Int, key: MacaroonKey, depth: Int) throws(VerificationFault) {
    switch visits[index] {
    case .waiting: visits[index] = .open
    case .open: throw .dischargeCycle
    case .done: throw .dischargeRepeated
    }
    let discharge = discharges[index]
    let chain = discharge.chain(from: key)
    guard Signing.binding(chain, to: primary).equalsInConstantTime(discharge.signature) else {
      // Bound to another macaroon it cannot be told from a forged one.
      throw chain.equalsInConstantTime(discharge.signature) ? .dischargeUnbound : .dischargeForged
    }
    try check(discharge, key: key, depth: depth + 1)
    visits[index] = .done
  }

  /// Every discharge must have been asked for.
  func finish() throws(VerificationFault) {
    guard visits.allSatisfy({ $0 == .done }) else { throw .dischargeUnused }
  }
}
