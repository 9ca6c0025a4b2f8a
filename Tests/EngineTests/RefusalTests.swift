import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Each refusal has its word, and what is rarely met is brought about.
@Suite struct RefusalTests {
  @Test func aCredentialThatIsNoneHasTheWordOfL402() {
    let words: [(CredentialRefusal, String)] = [
      (.badHeader, "401 bad-header"), (.malformed, "401 credential-malformed"),
      (.wrongPreimage, "401 wrong-preimage"), (.wrongPassword, "401 wrong-password"),
      (.revoked, "401 credential-revoked"), (.retired, "401 credential-retired"), (.forged, "401 credential-forged"),
      (.undischarged, "401 third-party-undischarged"), (.widened(.path), "401 caveat-widened"),
      (.malformedCaveat(.path), "401 caveat-malformed"), (.unknownCaveat, "401 unknown-caveat"),
      (.discharge(.undischarged), "401 third-party-undischarged"),
      (.discharge(.sealedKey), "401 third-party-key-unreadable"),
      (.discharge(.dischargeForged), "401 discharge-forged"),
      (.discharge(.dischargeUnbound), "401 discharge-unbound"),
      (.discharge(.dischargeUnused), "401 discharge-unused"),
      (.discharge(.dischargeRepeated), "401 discharge-repeated"),
      (.discharge(.dischargeCycle), "401 discharge-cycle"),
      (.discharge(.tooManyDischarges), "401 discharges-too-many"),
      (.discharge(.tooDeep), "401 discharges-too-deep"),
    ]
    for (refusal, word) in words {
      #expect(Refusal.credential(refusal).word == word)
      #expect(word == "401 " + refusal.reason)
    }
    // Whether the chain or a discharge is at fault: the credential is none.
    #expect(Refusal.credential(.discharge(.forged)).word == "401 credential-forged")
  }

  @Test func aCredentialThatReachesTooShortHasTheWordOfL402() {
    let words: [(PermissionRefusal, String)] = [
      (.capability(.read), "403 narrowed-capability"), (.path, "403 narrowed-path"),
      (.method, "403 narrowed-method"), (.source, "403 narrowed-source"), (.amount, "403 narrowed-amount"),
      (.variant, "403 narrowed-variant"), (.port, "403 narrowed-port"), (.expired, "403 narrowed-expired"),
    ]
    for (refusal, word) in words {
      #expect(Refusal.permission(refusal).word == word)
      #expect(word == "403 " + refusal.reason)
    }
  }

  @Test func eachRejectionOfALeaseHasItsWord() {
    for rejection in Rejection.allCases {
      let word =
        switch rejection {
        case .leaseClosed, .leaseReclaiming: "lease-closed"
        case .notPaidYet: "409 not-paid-yet"
        case .leaseFrozen: "403 lease-frozen"
        case .leaseUnpaid: "409 lease-unpaid"
        case .leaseSuspended: "409 lease-suspended"
        case .suspendedByOperator: "403 lease-suspended-by-operator"
        case .notSuspended: "409 not-suspended"
        case .alreadySuspended: "409 already-suspended"
        case .notFrozen: "409 not-frozen"
        case .evicting: "403 lease-evicting"
        case .otherKind: "409 other-kind"
        case .underpaid: "409 underpaid"
        case .overCredit: "409 over-credit"
        case .tooFarAhead: "invalid-field amount_msat"
        case .limitTooLow: "invalid-field limits.spend_sat_per_day"
        }
      #expect(Refusal.rejection(rejection).word == word)
    }
  }

  @Test func whatAThirdPartyNarrowedIsNotMintedAnew() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      let shown = try #require(try PresentedCredential.parse(authorization: [credential]))
      let root = Array("between us".utf8)
      let macaroon = shown.macaroon.adding(thirdParty: [9], location: "", rootKey: root)
      let discharge = Macaroon.discharge(of: [9], rootKey: root, caveats: [])
      let whole = try PresentedCredential(
        macaroon: macaroon, discharges: [discharge.bound(to: macaroon)], preimage: shown.preimage
      ).authorization
      try await renter.open(id, whole)
      #expect(
        await refusal { try await platform.engine.swap(id, renter.caller(whole)) } == "403 third-party-caveats")
    }
  }

  @Test func aPurelyMeteredLeaseDoesNotChange() async throws {
    var metered = Catalog.disk
    (metered.offer, metered.price, metered.deposit) = ("metered", .zero, 1_000_000)
    metered.meters = [MeterPrice(meter: .egress, unit: 1 << 30, included: 0, price: 5_000)]
    try await Platform.with(catalog: .of([Catalog.disk, metered], room: 10)) { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.rent()
      #expect(
        await refusal { try await platform.engine.change(id, to: "metered", renter.caller(credential)) }
          == "409 purely-metered")
    }
  }

  @Test func aProviderThatPaysNothingOutSaysSo() async throws {
    try await Platform.with(settings: { $0.payouts.enabled = false }) { platform in
      let renter = Renter(platform)
      let (id, credential) = try await renter.credited()
      let invoice = try await platform.node.createInvoice(
        InvoiceRequest(label: "wallet/1", amount: 1_000_000, description: "x", expiry: 3_600))
      #expect(
        await refusal { try await platform.engine.refund(id, to: invoice.bolt11, renter.caller(credential)) }
          == "409 payouts-unavailable")
    }
  }

  @Test func afterTheLastEpochThereIsNone() async throws {
    try await Platform.with { platform in
      let now = platform.clock.now()
      let fingerprint = try #require(platform.keyring.fingerprint(of: .max))
      try await platform.postgres.transaction { tx in
        try tx.insertKeyEpoch(KeyEpoch(epoch: .max, fingerprint: fingerprint, createdAt: now, mintsFrom: now))
      }
      #expect(await refusal { try await platform.engine.operator.keys.begin(requestID: "1") } == "409 no-epoch-left")
    }
  }

  @Test func whatBelongsToNoLeaseOrToAQuoteBecomesNoCredit() async throws {
    try await Platform.with { platform in
      let now = platform.clock.now()
      let quote = try await Renter(platform).quote()
      for (lease, word) in [(LeaseID?.none, "409 lease-unknown"), (quote.lease, "409 lease-quoted")] {
        let preimage = Preimage.random()
        let settlement = NodeSettlement(
          paymentHash: preimage.paymentHash, preimage: preimage, received: 1_000, settledAt: now, label: "x",
          cursor: word)
        try await platform.postgres.transaction { tx in
          try tx.insertUnbooked(settlement, lease: lease, reason: "a test", at: now)
        }
        #expect(
          await refusal {
            try await platform.engine.operator.unbooked.credit(settlement.paymentHash, reason: "asked", requestID: "r")
          } == word)
      }
    }
  }
}
