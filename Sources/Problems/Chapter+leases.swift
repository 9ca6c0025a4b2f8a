extension ProblemPage.Chapter {
  static let leases = ProblemPage.Chapter(
    title: "Offers and leases", overview: "What stands against a wish.",
    pages: [
      ProblemPage(
        .paymentRequired, [402],
        "Pay this first: the answer carries macaroon and invoice.",
        "Pay the invoice and send the same request again with the credential."),
      ProblemPage(
        .unknownOffer, [404],
        "There is no such offer.",
        "Look at the link `offers`."),
      ProblemPage(
        .unknownLease, [404],
        "There is no such lease.",
        "Look at its id."),
      ProblemPage(
        .unknownPayment, [404],
        "There is no such payment.",
        "Look at its hash."),
      ProblemPage(
        .noCapacity, [409],
        "Nothing of this is free now.",
        "Take another offer, or come back later."),
      ProblemPage(
        .placeFree, [409],
        "Nobody needs to wait for this offer: a place is free.",
        "Rent it."),
      ProblemPage(
        .waitlistFull, [409],
        "As many wait for this offer, or from this address, as may.",
        "Ask again later, or leave another queue."),
      ProblemPage(
        .unknownWaitlistEntry, [404],
        "Nobody waits under this name, or it is long over.",
        "Join again: `POST /v1/offers/{offer}/waitlist`."),
      ProblemPage(
        .exchangeRateUnavailable, [503],
        "The price is in a currency, and no rate is known that may be quoted at.",
        "Wait for `Retry-After`, or take an offer that is priced in satoshis."),
      ProblemPage(
        .leaseClosed, [410],
        "The lease has ended, or is about to.",
        "Rent another; what was left of it is its credit."),
      ProblemPage(
        .leaseFrozen, [403],
        "The provider has sealed the lease, or closed its doors.",
        "Ask the provider; time is not charged meanwhile."),
      ProblemPage(
        .leaseSuspendedByOperator, [403],
        "The provider has suspended the lease: nobody may pay for it now.",
        "Ask the provider; time is not charged meanwhile."),
      ProblemPage(
        .leaseEvicting, [403],
        "The provider ends the lease: no time is sold past that moment.",
        "Save what is in it; the unused balance becomes credit."),
      ProblemPage(
        .leaseUnpaid, [409],
        "The lease's time has run out.",
        "Renew it first."),
      ProblemPage(
        .leaseSuspended, [409],
        "The lease is suspended.",
        "Resume it first."),
      ProblemPage(
        .limitReached, [409],
        "What the renter lets the lease spend in a day is spent: it is suspended by that wish.",
        "Wait for the next day (UTC), or raise the limit: `leasehold limit`, `PUT …/limits`."),
      ProblemPage(
        .notPaidYet, [409],
        "The lease is not in service yet.",
        "Wait until it is."),
      ProblemPage(
        .notSuspended, [409],
        "The operator has not suspended the lease.",
        "Look at its state."),
      ProblemPage(
        .alreadySuspended, [409],
        "The lease is suspended already.",
        "Look at its cause."),
      ProblemPage(
        .notFrozen, [409],
        "The lease is not sealed.",
        "Look at its flags."),
      ProblemPage(
        .otherKind, [409],
        "The offer is of another kind than the lease.",
        "Change to an offer of the same kind."),
      ProblemPage(
        .purelyMetered, [409],
        "A purely metered lease does not change to another offer.",
        "Rent the other one beside it."),
      ProblemPage(
        .moreStored, [409],
        "More is stored than the smaller offer takes.",
        "Delete as much as `detail` says."),
      ProblemPage(
        .moreMemoryUsed, [409],
        "More memory is used than the smaller offer has.",
        "Stop what uses it first."),
      ProblemPage(
        .changeNotPossible, [409],
        "The change was paid for when it was possible no more: the money is credit.",
        "Spend the credit, or have it paid out."),
      ProblemPage(
        .invoiceExpired, [409, 422],
        "The invoice can be paid no more, or not for long enough.",
        "Ask for a new quote; for a payout make an invoice that lasts longer."),
      ProblemPage(
        .unknownInvoice, [404],
        "The node has no such invoice.",
        "Look at its hash."),
      ProblemPage(
        .playMoneyIsLocal, [403],
        "The embedded node pays for programs on its own machine alone.",
        "Pay from there, or with a wallet."),
    ])
}
