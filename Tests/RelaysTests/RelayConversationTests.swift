import Nostr
import Testing

@testable import Relays

/// What is said to a relay and made of what it says.
@Suite struct RelayConversationTests {
  private let key = NostrSecretKey.random()
  private var event: NostrEvent { NostrEvent(kind: 1, content: "x", createdAt: 1, by: key) }
  private func hear(_ conversation: inout RelayConversation, _ text: String) -> RelayConversation.Reaction {
    conversation.hear(Array(text.utf8))
  }

  @Test func anEventIsSentOnceTheSubscriptionStands() throws {
    let (request, answer) = (event, NostrEvent(kind: 2, content: "y", createdAt: 2, by: key))
    let filter = RelayFilter(kinds: [2], by: key.publicKey, answering: request)
    var talk = RelayConversation(filter, sending: request)
    #expect(
      talk.begin()
        == "[\"REQ\",\"leasehold\",{\"kinds\":[2],\"authors\":[\"\(key.publicKey)\"],\"#e\":[\"\(request.id)\"]}]")
    #expect(!talk.wasSent)
    #expect(hear(&talk, "[\"EOSE\",\"leasehold\"]") == .send("[\"EVENT\",\(request.json)]"))
    #expect(talk.wasSent)
    #expect(hear(&talk, "[\"EOSE\",\"leasehold\"]") == .nothing, "sent once")
    #expect(hear(&talk, "[\"OK\",\"\(request.id)\",true,\"\"]") == .nothing)
    #expect(hear(&talk, "[\"EVENT\",\"leasehold\",\(answer.json)]") == .take(answer))
    // What nobody asked for, or nobody wrote.
    for text in [
      "[\"EVENT\",\"other\",\(answer.json)]", "[\"EVENT\",\"leasehold\",\(answer.json.replacing("y", with: "z"))]",
      "[\"NOTICE\",\"hello\"]", "[\"AUTH\",\"challenge\"]", "[]", "{}", "", "[[[", "[\"EVENT\"]", "[1]",
      "[\"OK\",\"\(answer.id)\",false,\"\"]",
    ] { #expect(hear(&talk, text) == .nothing, "\(text)") }
    guard case .fail(let fault) = hear(&talk, "[\"OK\",\"\(request.id)\",false,\"blocked:\\u0000 no\"]") else {
      Issue.record("a refusal is one")
      return
    }
    #expect(fault.kind == .unanswered && fault.words.hasSuffix("blocked:  no"))
  }

  @Test func whatWasRefusedBeforeItWasSentWasNotSent() {
    let filter = RelayFilter(kinds: [2], by: key.publicKey)
    var talk = RelayConversation(filter, sending: event)
    _ = talk.begin()
    #expect(
      hear(&talk, "[\"CLOSED\",\"leasehold\",\"auth-required\"]")
        == .fail(RelayFault(.notSent, "the relay takes no subscription: auth-required")))
    _ = hear(&talk, "[\"EOSE\",\"leasehold\"]")
    #expect(
      hear(&talk, "[\"CLOSED\",\"leasehold\",\"\"]")
        == .fail(RelayFault(.unanswered, "the relay takes no subscription: ")))
  }

  @Test func aLookEndsWithWhatIsStored() {
    var talk = RelayConversation(RelayFilter(kinds: [2], by: key.publicKey, limit: 1), sending: nil)
    _ = talk.begin()
    #expect(hear(&talk, "[\"EOSE\",\"leasehold\"]") == .nothingMore)
    let said = event
    var alone = RelayConversation(nil, sending: said)
    #expect(alone.begin() == "[\"EVENT\",\(said.json)]" && alone.wasSent)
    #expect(hear(&alone, "[\"OK\",\"\(said.id)\",true,\"\"]") == .accepted)
  }

  @Test func whoSaysTooMuchIsNotListenedTo() {
    let filter = RelayFilter(kinds: [2], by: key.publicKey)
    var talk = RelayConversation(filter, sending: event)
    for _ in 0..<RelayConversation.mostTexts { #expect(hear(&talk, "[\"NOTICE\",\"\"]") == .nothing) }
    #expect(hear(&talk, "[\"NOTICE\",\"\"]") == .fail(RelayFault(.notSent, "the relay says too much")))
    var loud = RelayConversation(filter, sending: event)
    let long = [UInt8](repeating: 0x20, count: RelayConversation.longestText + 1)
    #expect(loud.hear(long) == .fail(RelayFault(.notSent, "the relay says too much")))
  }
}
