extension ProblemPage.Chapter {
  static let containers = ProblemPage.Chapter(
    title: "Containers", overview: "What stands against a command.",
    pages: [
      ProblemPage(
        .containerStopped, [409],
        "Nothing runs in the container now.",
        "Start it first."),
      ProblemPage(
        .containerBusy, [409],
        "The container does something else at this moment.",
        "Ask again."),
      ProblemPage(
        .containerCannotStart, [409],
        "Its command cannot be started.",
        "Rent one with another command, or look at its log."),
    ])
}
