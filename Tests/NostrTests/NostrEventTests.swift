import Testing

@testable import Nostr

@Suite struct NostrEventTests {
  /// The seal of NIP-59's example.
  private static let seal = """
    {"content":"AqBCdwoS7/tPK+QGkPCadJTn8FxGkd24iApo3BR9/M0uw6n4RFAFSPAKKMgkzVMoRyR3ZS/aqATDFvoZJOkE9cPG/TAzmyZvr/WUIS8kL\
    muI1dCA+itFF6+ULZqbkWS0YcVU0j6UDvMBvVlGTzHz+UHzWYJLUq2LnlynJtFap5k8560+tBGtxi9Gx2NIycKgbOUv0gEqhfVzAwvg1IhTltfSwOeZX\
    vDvd40rozONRxwq8hjKy+4DbfrO0iRtlT7G/eVEO9aJJnqagomFSkqCscttf/o6VeT2+A9JhcSxLmjcKFG3FEK3Try/WkarJa1jM3lMRQqVOZrzHAaLF\
    W/5sXano6DqqC5ERD6CcVVsrny0tYN4iHHB8BHJ9zvjff0NjLGG/v5Wsy31+BwZA8cUlfAZ0f5EYRo9/vKSd8TV0wRb9DQ=","kind":13,\
    "created_at":1703015180,"pubkey":"611df01bfcf85c26ae65453b772d8f1dfd25c264621c0277e1fc1518686faef9","tags":[],\
    "id":"28a87d7c074d94a58e9e89bb3e9e4e813e2189f285d797b1c56069d36f59eaa7",\
    "sig":"02fc3facf6621196c32912b1ef53bac8f8bfe9db51c0e7102c073103586b0d29c3f39bdaa1e62856c20e90b6c7cc5dc34ca8bb6a52887\
    2cf6e65e6284519ad73"}
    """

  @Test func thePublishedExampleIsRead() throws {
    let event = try NostrEvent(json: Self.seal)
    #expect(event.kind == 13)
    #expect("\(event.author)" == "611df01bfcf85c26ae65453b772d8f1dfd25c264621c0277e1fc1518686faef9")
    let receiver = try #require(
      NostrSecretKey(hex: "e108399bd8424357a710b606ae0c13166d853d327e47a6e5e038197346bdbf45"))
    let rumor = try NostrEvent(json: Conversation(receiver, with: event.author).decrypt(event.content))
    #expect(rumor.content == "Are you going to the party tonight?")
    #expect(rumor.id == "9dd003c6d3b73b74a85a9ab099469ce251653a7af76f523671ab828acd2a0ef9")
  }

  @Test func whatWasChangedIsNoEvent() throws {
    for (from, to) in [
      ("1703015180", "1703015181"), ("\"kind\":13", "\"kind\":14"), ("\"tags\":[]", "\"tags\":[[]]"),
      ("02fc3facf", "02fc3fac0"), ("28a87d7c", "28a87d7d"), ("611df01b", "611df01c"),
    ] {
      let changed = Self.seal.replacing(from, with: to)
      #expect(changed != Self.seal)
      #expect(throws: NostrFault.self, "\(from)") { try NostrEvent(json: changed) }
    }
  }

  @Test func everyCharacterComesBack() throws {
    let key = NostrSecretKey.random()
    let text = "a\"b\\c\nd\re\tf\u{8}g\u{C}h€😀\u{1}i/\u{7F}"
    let event = NostrEvent(kind: 1, tags: [["t", text], ["x"]], content: text, createdAt: 1_700_000_000, by: key)
    let again = try NostrEvent(json: event.json)
    #expect(again == event)
    #expect(again.tag("t") == text)
    #expect(again.tag("x") == nil)
  }

  @Test func keysAreReadAsPeopleHaveThem() throws {
    // The example of NIP-19.
    let hex = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e"
    let npub = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg"
    #expect(try "\(#require(NostrPublicKey(npub)))" == hex)
    #expect(NostrPublicKey(hex) == NostrPublicKey(npub) && NostrPublicKey(hex)?.npub == npub)
    #expect(NostrPublicKey(String(npub.dropLast()) + "h") == nil)
    #expect(NostrPublicKey(String(repeating: "f", count: 64)) == nil)
    #expect(NostrPublicKey("") == nil)
  }
}
