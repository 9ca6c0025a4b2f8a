import Macaroons

// What a holder does offline, without a key: lend less than one has, and ask for somebody else's word.

extension Macaroon {
  /// This macaroon of ours with further conditions at its end, each of which narrows (or at least does not widen).
  ///
  /// - Parameter caveats: such as ``Condition/caveat(_:)`` writes.
  /// - Throws: ``NarrowingFault/ineffective(_:)`` for a caveat that our doors pass over, rather than letting somebody
  ///   believe that he lent less; ``NarrowingFault/refused(_:)`` for one that widens, is unknown or cannot be read.
  public func narrowed(by caveats: [String]) throws(NarrowingFault) -> Macaroon {
    for caveat in caveats {
      if Condition.read(Array(caveat.utf8)) == .preimage { throw .ineffective(caveat) }
    }
    let narrowed = adding(caveats)
    do throws(CredentialRefusal) {
      _ = try Terms(reading: narrowed)
    } catch {
      throw .refused(error)
    }
    return narrowed
  }
}

extension PresentedCredential {
  /// The same credential with further conditions. See `Macaroon.narrowed`.
  ///
  /// - Throws: also ``NarrowingFault/bound`` when it carries discharges.
  public func narrowed(by caveats: [String]) throws(NarrowingFault) -> PresentedCredential {
    guard discharges.isEmpty else { throw .bound }
    return replacing(try macaroon.narrowed(by: caveats))
  }

  /// The same credential, good only together with a discharge made by whoever knows `rootKey`. Such a credential is
  /// never minted anew: it cannot be swapped or renewed.
  ///
  /// - Parameters:
  ///   - identifier: tells the third party what to check, and names the discharge.
  ///   - location: a hint where the third party lives; empty for none.
  ///   - rootKey: the discharge's, fresh and random.
  /// - Throws: ``NarrowingFault/bound``, ``NarrowingFault/identifierTaken``.
  public func narrowed(
    byThirdParty identifier: [UInt8], location: String, rootKey: [UInt8]
  ) throws(NarrowingFault) -> PresentedCredential {
    guard discharges.isEmpty else { throw .bound }
    guard !macaroon.caveats.contains(where: { $0.isThirdParty && $0.identifier.elementsEqual(identifier) }) else {
      throw .identifierTaken
    }
    return replacing(macaroon.adding(thirdParty: identifier, location: location, rootKey: rootKey))
  }

  /// The same credential with discharges bound to it. Whoever sends it on can neither narrow it nor use the discharges
  /// elsewhere: what shall be narrowed is narrowed first.
  ///
  /// - Parameter discharges: as the third parties made them, not bound to anything, in any order.
  /// - Throws: ``NarrowingFault/notAwaited`` for one that no caveat waits for.
  public func discharged(by discharges: [Macaroon]) throws(NarrowingFault) -> PresentedCredential {
    let bound = discharges.map { $0.bound(to: macaroon) }
    let all = self.discharges + bound
    let asked = ([macaroon] + all).flatMap { $0.caveats.filter(\.isThirdParty).map(\.identifier) }
    for (index, discharge) in all.enumerated() {
      let isRepeated = all[..<index].contains { $0.identifier == discharge.identifier }
      guard !isRepeated, asked.contains(discharge.identifier) else { throw .notAwaited }
    }
    return replacing(macaroon, discharges: all)
  }

  private func replacing(_ macaroon: Macaroon, discharges: [Macaroon] = []) -> PresentedCredential {
    PresentedCredential(macaroon: macaroon, discharges: discharges, preimage: preimage, identifier: identifier)
  }
}
