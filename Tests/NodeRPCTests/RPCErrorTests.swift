import NodeRPC
import Testing

@Suite struct RPCErrorTests {
  @Test func wordsThatAreOnlyWordsStayAsTheyAre() {
    let words = "Destination said it doesn't know invoice: incorrect_or_unknown_payment"
    #expect(RPCError.plain(words) == words)
  }

  @Test(arguments: [
    "preimage: invalid token 'e4b4d24bccb3c9da35733ed025b9cafa3164799bb4018bd8db01b8f394c346d2'",
    "macaroon AgEDbG5kAvgBAwoQ1EkzHJ5DpMQGvGqp2vV9yRIBMBoWCgdhZGRyZXNzEgRyZWFk",
    "rune -bdJ1WZyNmQfsRsi84Bsv8RUJ8xLk3D0BqPZcJkGzyE9MA==",
    "key 4f1bd9a3c29b4c5e8d6f7a8b9c0d1e2f",
  ])
  func whatLooksLikeASecretIsTakenOutOfANodesWords(_ words: String) {
    let plain = RPCError.plain(words)
    #expect(plain.contains("…"))
    let secret = words.split(separator: " ").last.map { $0.filter { $0 != "'" } } ?? ""
    #expect(!plain.contains(secret.dropFirst(4).prefix(12)))
  }

  @Test func aShortSecretIsTakenOutBecauseItIsKnown() {
    let plain = RPCError.plain("bad password hunter2, try again", hiding: [NodeSecret("hunter2")])
    #expect(plain == "bad password …, try again")
  }

  @Test func wordsAreOneLineOfAtMost200Characters() {
    let plain = RPCError.plain("a\nb\u{1B}[31m" + String(repeating: " x", count: 300))
    #expect(plain.hasPrefix("a b [31m"))
    #expect(plain.count == 200)
  }

  @Test func onlyAnAnswerAndALackOfConnectionProveThatNothingWasDone() {
    let kinds: [(RPCError.Kind, Bool)] = [
      (.notSent, true), (.refused(code: 1), true), (.lost, false), (.garbage, false),
    ]
    for (kind, isUndone) in kinds {
      #expect(RPCError(kind, attempted: "pay", words: "").isCertainlyUndone == isUndone)
    }
  }
}
