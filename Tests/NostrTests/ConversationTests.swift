import Foundation
import Macaroons
import Testing

@testable import Nostr

/// NIP-44 against its published vectors.
@Suite struct ConversationTests {
  struct Vectors: Decodable {
    struct Valid: Decodable {
      struct Shared: Decodable { var sec1, pub2, conversationKey: String }
      struct Keys: Decodable {
        struct One: Decodable { var nonce, chachaKey, chachaNonce, hmacKey: String }
        var conversationKey: String
        var keys: [One]
      }
      struct Message: Decodable { var sec1, sec2, conversationKey, nonce, plaintext, payload: String }
      struct Long: Decodable {
        var conversationKey, nonce, pattern: String
        var `repeat`: Int
        var plaintextSha256, payloadSha256: String
      }
      var getConversationKey: [Shared]
      var getMessageKeys: Keys
      var calcPaddedLen: [[Int]]
      var encryptDecrypt: [Message]
      var encryptDecryptLongMsg: [Long]
    }
    struct Invalid: Decodable {
      struct Shared: Decodable { var sec1, pub2, note: String }
      struct Message: Decodable { var conversationKey, payload, note: String }
      var encryptMsgLengths: [Int]
      var getConversationKey: [Shared]
      var decrypt: [Message]
    }
    var valid: Valid
    var invalid: Invalid
  }

  private let vectors: Vectors

  init() throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Vectors/nip44.json")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    vectors = try decoder.decode(Vectors.self, from: Data(contentsOf: file))
  }

  private func conversation(_ key: String) throws -> Conversation { Conversation(key: try #require(Hex.bytes(key))) }

  @Test func bothSidesDeriveTheKey() throws {
    #expect(vectors.valid.getConversationKey.count == 35)
    for vector in vectors.valid.getConversationKey {
      let mine = try #require(NostrSecretKey(hex: vector.sec1))
      let other = try #require(NostrPublicKey(vector.pub2))
      #expect(Hex.text(of: Conversation(mine, with: other).key) == vector.conversationKey)
    }
  }

  @Test func whatIsNoKeyIsRefused() {
    #expect(!vectors.invalid.getConversationKey.isEmpty)
    for vector in vectors.invalid.getConversationKey {
      #expect(NostrSecretKey(hex: vector.sec1) == nil || NostrPublicKey(vector.pub2) == nil, "\(vector.note)")
    }
  }

  @Test func eachMessageHasKeysOfItsOwn() throws {
    let conversation = try #require(Hex.bytes(vectors.valid.getMessageKeys.conversationKey))
    for vector in vectors.valid.getMessageKeys.keys {
      let keys = MessageKeys(conversation, nonce: try #require(Hex.bytes(vector.nonce)))
      #expect(Hex.text(of: keys.key) == vector.chachaKey)
      #expect(Hex.text(of: keys.nonce) == vector.chachaNonce)
      #expect(Hex.text(of: keys.authentication) == vector.hmacKey)
    }
  }

  @Test func lengthsAreFilledUp() {
    for pair in vectors.valid.calcPaddedLen where pair[0] <= Conversation.longest {
      #expect(Conversation.paddedLength(pair[0]) == pair[1])
    }
  }

  @Test func messagesAreAsTheVectors() throws {
    for vector in vectors.valid.encryptDecrypt {
      let one = try #require(NostrSecretKey(hex: vector.sec1))
      let two = try #require(NostrSecretKey(hex: vector.sec2))
      let conversation = Conversation(one, with: two.publicKey)
      #expect(Hex.text(of: conversation.key) == vector.conversationKey)
      let nonce = try #require(Hex.bytes(vector.nonce))
      #expect(try conversation.encrypt(vector.plaintext, nonce: nonce) == vector.payload)
      #expect(try Conversation(two, with: one.publicKey).decrypt(vector.payload) == vector.plaintext)
    }
  }

  @Test func longMessagesAreAsTheVectors() throws {
    func hash(_ text: String) -> String { Array(text.utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex }
    for vector in vectors.valid.encryptDecryptLongMsg {
      let text = String(repeating: vector.pattern, count: vector.repeat)
      #expect(hash(text) == vector.plaintextSha256)
      let conversation = try conversation(vector.conversationKey)
      let payload = try conversation.encrypt(text, nonce: try #require(Hex.bytes(vector.nonce)))
      #expect(hash(payload) == vector.payloadSha256)
      #expect(try conversation.decrypt(payload) == text)
    }
  }

  @Test func whatWasChangedIsRefused() throws {
    #expect(vectors.invalid.decrypt.count == 12)
    for vector in vectors.invalid.decrypt {
      let conversation = try conversation(vector.conversationKey)
      #expect(throws: NostrFault.self, "\(vector.note)") { try conversation.decrypt(vector.payload) }
    }
    let conversation = Conversation(.random(), with: NostrSecretKey.random().publicKey)
    let payload = try conversation.encrypt("pay")
    for index in payload.indices {
      var changed = payload
      changed.replaceSubrange(index...index, with: payload[index] == "B" ? "C" : "B")
      #expect(throws: NostrFault.self) { try conversation.decrypt(changed) }
    }
    #expect(throws: NostrFault.notForUs) {
      try Conversation(.random(), with: NostrSecretKey.random().publicKey).decrypt(payload)
    }
  }

  @Test func lengthsHaveBounds() throws {
    let conversation = Conversation(.random(), with: NostrSecretKey.random().publicKey)
    for length in vectors.invalid.encryptMsgLengths {
      #expect(throws: NostrFault.tooLong) { try conversation.encrypt(String(repeating: "x", count: length)) }
    }
    let longest = String(repeating: "x", count: Conversation.longest)
    #expect(try conversation.decrypt(conversation.encrypt(longest)) == longest)
  }

  @Test func noKeyIsShown() {
    let key = NostrSecretKey.random()
    let conversation = Conversation(key, with: NostrSecretKey.random().publicKey)
    for secret in [Hex.text(of: key.bytes), Hex.text(of: conversation.key)] {
      for shown in ["\(key)", String(reflecting: key), "\(conversation)", String(reflecting: conversation)] {
        #expect(!shown.contains(secret))
      }
    }
    #expect(Mirror(reflecting: conversation).children.isEmpty)
  }
}
