extension ProblemPage.Chapter {
  static let money = ProblemPage.Chapter(
    title: "Credit and payouts", overview: "What stands against money that goes back.",
    pages: [
      ProblemPage(
        .noCredit, [409],
        "The lease has no credit.",
        "There is nothing to spend."),
      ProblemPage(
        .overCredit, [409],
        "The lease has less credit than that beyond what it owes.",
        "Ask for less."),
      ProblemPage(
        .walletRefused, [422],
        "The wallet cannot be asked for renewals; `detail` says why: none of its relays answers, it says nothing of itself "
          + "there, it speaks only NIP-04, or it cannot do `pay_invoice` and `lookup_invoice`.",
        "Name another wallet, or try again when its relay answers."),
      ProblemPage(
        .targetClosed, [409],
        "The lease that should get the credit is over; the credit stays.",
        "Name another lease, or have it paid out."),
      ProblemPage(
        .underpaid, [409],
        "The change costs something by now.",
        "Ask again: the answer says how much."),
      ProblemPage(
        .payoutsUnavailable, [409],
        "This provider pays no credit out.",
        "Spend it on a lease; it stays for a year."),
      ProblemPage(
        .payoutsPending, [409],
        "Too many payouts are under way.",
        "Ask later."),
      ProblemPage(
        .payoutShare, [409],
        "This lease has had its share of what is paid out in a day.",
        "Ask later, or for less."),
      ProblemPage(
        .payoutLimit, [409],
        "This provider has paid out what it pays in a day.",
        "Ask tomorrow."),
      ProblemPage(
        .invoiceLastsTooLong, [422],
        "The invoice must expire within a day.",
        "Make one with an expiry of 86400 seconds."),
      ProblemPage(
        .invoiceOurs, [422],
        "The invoice is this provider's own.",
        "Show an invoice of your wallet."),
      ProblemPage(
        .invoiceForeignNetwork, [422],
        "The invoice is for another chain.",
        "Make one on the chain that `detail` names."),
      ProblemPage(
        .invoiceAmountless, [422],
        "The invoice names no amount.",
        "Make one with an amount."),
      ProblemPage(
        .invoiceAboveCredit, [422],
        "The invoice asks for more than the lease's credit.",
        "Make one for less."),
      ProblemPage(
        .invoiceAboveLimit, [422],
        "The invoice asks for more than one payout may be.",
        "Make several."),
      ProblemPage(
        .invoiceTaken, [422],
        "The invoice is paid for another lease.",
        "Make another."),
    ])
}
