import Testing
import Wire

@testable import Nostr

@Suite struct WalletTests {
  private let wallet = NostrSecretKey.random()
  private let secret = NostrSecretKey.random()
  private let now: Int64 = 1_700_000_000

  private func connection(_ more: String = "") throws -> WalletConnection {
    try WalletConnection(
      "nostr+walletconnect://\(wallet.publicKey)?relay=wss%3A%2F%2Frelay.example&secret=\(Hex.text(of: secret.bytes))"
        + more)
  }

  /// What a wallet would answer to a request, in its own words.
  private func answer(_ text: String, to request: NostrEvent, by key: NostrSecretKey? = nil) throws -> NostrEvent {
    let key = key ?? wallet
    return NostrEvent(
      kind: 23_195, tags: [["p", "\(secret.publicKey)"], ["e", request.id]],
      content: try Conversation(key, with: secret.publicKey).encrypt(text), createdAt: now, by: key)
  }

  @Test func aGrantIsReadAsWalletsGiveIt() throws {
    let connection = try connection("&relay=ws://127.0.0.1:7447&lud16=a@b.example")
    #expect(connection.wallet == wallet.publicKey)
    #expect(connection.client == secret.publicKey)
    #expect(connection.relays == ["wss://relay.example", "ws://127.0.0.1:7447"])
    #expect(!"\(connection) \(String(reflecting: connection))".contains(Hex.text(of: secret.bytes)))
    // The example of NIP-47.
    let example = """
      nostr+walletconnect://b889ff5b1513b641e2a139f661a661364979c5beee91842f8f0ef42ab558e9d4?relay=wss%3A%2F%2Frelay.dam\
      us.io&secret=71a8c14c1407c113601079c4302dab36460f0ccd0ad506f1f2dc73b5100e4f3c
      """
    #expect(try WalletConnection(" \(example)\n").relays == ["wss://relay.damus.io"])
  }

  @Test(arguments: [
    "", "https://example", "nostr+walletconnect://", "nostr+walletconnect://abc?relay=wss://a&secret=00",
    "nostr+walletconnect://KEY?secret=SECRET", "nostr+walletconnect://KEY?relay=wss://a",
    "nostr+walletconnect://KEY?relay=wss://a&secret=SECRET&secret=SECRET",
    "nostr+walletconnect://KEY?relay=http://a&secret=SECRET",
    "nostr+walletconnect://KEY?relay=wss://a%0d%0ab&secret=SECRET",
    "nostr+walletconnect://KEY?relay=%FF&secret=SECRET", "nostr+walletconnect://KEY?relay=%4&secret=SECRET",
    "nostr+walletconnect://KEY?relay=wss://a&relay=wss://b&relay=wss://c&relay=wss://d&relay=wss://e&secret=SECRET",
  ])
  func whatIsNoGrantIsRefused(_ text: String) {
    let hex = Hex.text(of: secret.bytes)
    let uri = text.replacing("KEY", with: "\(wallet.publicKey)").replacing("SECRET", with: hex)
    do {
      _ = try WalletConnection(uri)
      Issue.record("read \(text)")
    } catch {
      #expect(!"\(error)".contains(hex))
    }
  }

  @Test func aRequestIsTheWalletsToRead() throws {
    let connection = try connection()
    let event = try WalletRequest.payInvoice("lnbc1").event(to: connection, at: now, until: now + 60)
    #expect(event.kind == 23_194)
    #expect(event.author == secret.publicKey)
    #expect(event.tag("p") == "\(wallet.publicKey)")
    #expect(event.tag("encryption") == "nip44_v2")
    #expect(event.tag("expiration") == "\(now + 60)")
    let text = try Conversation(wallet, with: secret.publicKey).decrypt(event.content)
    #expect(text == #"{"method":"pay_invoice","params":{"invoice":"lnbc1"}}"#)
    #expect(throws: NostrFault.notForUs) { try Conversation(.random(), with: secret.publicKey).decrypt(event.content) }
  }

  @Test func answersAreUnderstood() throws {
    let connection = try connection()
    let request = try WalletRequest.getInfo.event(to: connection, at: now, until: now + 60)
    func read(_ text: String) throws -> WalletAnswer {
      try WalletAnswer(answer(text, to: request), to: request, of: connection)
    }
    let preimage = String(repeating: "aB", count: 32)
    #expect(
      try read(#"{"result_type":"pay_invoice","error":null,"result":{"preimage":"\#(preimage)","fees_paid":3}}"#)
        == .paid(preimage: preimage.lowercased()))
    #expect(
      try read(#"{"result_type":"lookup_invoice","result":{"type":"outgoing","state":"settled","payment_hash":"cc"}}"#)
        == .found(.init(paymentHash: "cc", state: "settled")))
    #expect(
      try read(#"{"result_type":"get_info","result":{"methods":["pay_invoice"]}}"#) == .methods(["pay_invoice"]))
    #expect(
      try read(#"{"result_type":"pay_invoice","error":{"code":"QUOTA_EXCEEDED","message":"no"},"result":null}"#)
        == .refused(.init(code: .quotaExceeded, words: "no")))
    #expect(
      try read(
        #"{"result_type":"pay_invoice","error":{"code":"NEW","message":"\#(String(repeating: "x", count: 999))"}}"#)
        == .refused(.init(code: .other, words: String(repeating: "x", count: 200))))
    for nonsense in [
      "", "{}", "[]", #"{"result_type":"pay_invoice","result":{}}"#,
      #"{"result_type":"pay_invoice","result":{"preimage":"00"}}"#, #"{"result_type":"make_invoice","result":{}}"#,
    ] {
      #expect(throws: (any Error).self) { try read(nonsense) }
    }
  }

  @Test func onlyTheWalletsAnswerToThisRequestCounts() throws {
    let connection = try connection()
    let request = try WalletRequest.getInfo.event(to: connection, at: now, until: now + 60)
    let other = try WalletRequest.getInfo.event(to: connection, at: now, until: now + 61)
    let text = #"{"result_type":"get_info","result":{"methods":[]}}"#
    #expect(throws: NostrFault.badEvent("an answer to another request")) {
      try WalletAnswer(answer(text, to: other), to: request, of: connection)
    }
    #expect(throws: NostrFault.badEvent("not this wallet's answer")) {
      try WalletAnswer(answer(text, to: request, by: .random()), to: request, of: connection)
    }
  }

  @Test func onlyAPositiveNoSaysThatNothingWasPaid() {
    let sure = WalletAnswer.Code.allCases.filter(\.saysThatNothingWasPaid)
    #expect(
      Set(sure) == [
        .rateLimited, .notImplemented, .insufficientBalance, .quotaExceeded, .restricted, .unauthorized,
        .unsupportedEncryption,
      ])
  }

  @Test func aWalletSaysWhatItCanDo() throws {
    let connection = try connection()
    func info(_ tags: [[String]], by key: NostrSecretKey) throws -> WalletInfo {
      try WalletInfo(
        NostrEvent(kind: 13_194, tags: tags, content: "pay_invoice  lookup_invoice\n", createdAt: now, by: key),
        of: connection)
    }
    let both = try info([["encryption", "nip04 nip44_v2"]], by: wallet)
    #expect(both.methods == ["pay_invoice", "lookup_invoice"])
    #expect(both.speaksOurEncryption)
    #expect(try !info([], by: wallet).speaksOurEncryption)
    #expect(throws: NostrFault.badEvent("not this wallet's info")) { try info([], by: .random()) }
  }
}
