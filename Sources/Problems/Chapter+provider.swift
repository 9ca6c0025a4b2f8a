extension ProblemPage.Chapter {
  static let provider = ProblemPage.Chapter(
    title: "For the operator", overview: "What stands against the provider's own wishes (`/admin`).",
    pages: [
      ProblemPage(
        .noEpochLeft, [409],
        "There is no number, or no key, for another epoch of the master key.",
        "Add a key to the configuration."),
      ProblemPage(
        .lastEpoch, [409],
        "Nothing would serve without this epoch.",
        "Begin another first."),
      ProblemPage(
        .nothingToConfirm, [409],
        "No rate of this currency is in doubt.",
        "Look at the rates."),
      ProblemPage(
        .leaseUnknown, [409],
        "The label of the settlement names no lease.",
        "Resolve it instead."),
      ProblemPage(
        .leaseQuoted, [409],
        "The settlement may still become the lease's purchase.",
        "Ask when the quote is over."),
      ProblemPage(
        .labelTaken, [409],
        "The label names another outage: another time, host or amount was given under it.",
        "Say another label, or the same time, host and amount as before."),
      ProblemPage(
        .payoutPaid, [409],
        "The node has paid it; it is booked by itself within a minute.",
        "Look again."),
      ProblemPage(
        .payoutUnderWay, [409],
        "The payment may still arrive.",
        "Ask the node, and wait."),
      ProblemPage(
        .payoutDoubtful, [409],
        "It is not certain that no part of it was paid.",
        "Ask the node."),
      ProblemPage(
        .payoutChanged, [409],
        "Something happened to the payout meanwhile.",
        "Look again."),
      ProblemPage(
        .payoutOver, [409],
        "The payout is over already.",
        "Look at its state."),
    ])
}
