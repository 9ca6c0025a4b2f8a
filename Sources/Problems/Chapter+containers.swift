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
      ProblemPage(
        .portRefused, [502],
        "Nothing in the container listens on the port.",
        "Start what listens there; it may listen on 127.0.0.1."),
      ProblemPage(
        .portSilent, [504],
        "What listens on the port did not answer in time.",
        "Ask again, or look at the container's log."),
      ProblemPage(
        .portBroken, [502],
        "What listens on the port ended the connection, or does not speak HTTP/1.",
        "Look at the container's log."),
    ])
}
