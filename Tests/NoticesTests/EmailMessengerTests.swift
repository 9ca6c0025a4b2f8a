import Engine
import Foundation
import L402
import Leasing
import Ledger
import Macaroons
import QR
import Testing
import Units

@testable import Notices

/// Mail as it leaves through a program of the provider's.
@Suite struct EmailMessengerTests {
  private static let now = Instant(unixSeconds: 1_795_867_200)

  private static func message(_ content: Message.Content) -> Message {
    Message(
      id: "msg_7", content: content, lease: LeaseID(high: 1, low: 2), offer: "disk", announcedAt: now, at: now,
      payAt: content == .question ? nil : "https://rent.example/d/abc/", settingsAt: "https://rent.example/c/code")
  }

  private static let renewal = Message.Content.notice(
    Notice(kind: .renewal, deadline: now + .day * 3, amount: 21_000))

  /// A program of its own for each test, in a folder that goes with it.
  private func with(
    _ script: String, _ body: (_ messenger: EmailMessenger, _ folder: String) async throws -> Void
  ) async throws {
    let folder = NSTemporaryDirectory() + "leasehold-mail-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }  // The test is over.
    let program = folder + "/sendmail"
    try "#!/bin/sh\ncd \(folder)\n\(script)\n".write(toFile: program, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: program)
    let from = try #require(EmailAddress("rent@example.com"))
    // What a busy machine delays is not what is tried here.
    let messenger = EmailMessenger(
      sendmail: program, from: from, provider: "Rent <&> Co", patience: .seconds(86_400))
    try await body(messenger, folder)
  }

  private func deliver(_ content: Message.Content, _ messenger: EmailMessenger) async -> DeliveryFault? {
    do throws(DeliveryFault) {
      try await messenger.deliver(
        Self.message(content), to: ContactPlace(address: "ann@example.org"), signedWith: .zero)
      return nil
    } catch {
      return error
    }
  }

  private func text(_ mail: String, _ part: Int) throws -> String {
    let parts = mail.components(separatedBy: "Content-Transfer-Encoding: base64\r\n\r\n")
    let encoded = try #require(parts.count > part ? parts[part].components(separatedBy: "\r\n--").first : nil)
    let data = try #require(Data(base64Encoded: encoded.replacing("\r\n", with: "")))
    return String(decoding: data, as: UTF8.self)
  }

  @Test func itGoesOutAsOneMailThatSaysEverything() async throws {
    try await with("echo \"$@\" >arguments; cat >mail") { messenger, folder in
      #expect(await deliver(Self.renewal, messenger) == nil)
      #expect(try String(contentsOfFile: folder + "/arguments", encoding: .utf8) == "-t -i\n")
      let mail = try String(contentsOfFile: folder + "/mail", encoding: .utf8)
      #expect(mail.contains("To: ann@example.org\r\n"))
      #expect(mail.contains("Date: Sat, 28 Nov 2026 12:00:00 +0000\r\n"))
      #expect(mail.contains("List-Unsubscribe: <https://rent.example/c/code/end>\r\n"))
      #expect(mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"))
      let plain = try text(mail, 1)
      #expect(plain.contains("time runs out at 2026-12-01 12:00 UTC, in 3 days."))
      #expect(plain.contains("21 sat") && plain.contains("https://rent.example/d/abc/"))
      let html = try text(mail, 2)
      #expect(html.contains("<a href=\"https://rent.example/d/abc/\">") && html.contains("bgcolor=\"#000000\""))
      #expect(!html.contains("<script") && !html.contains("<img"))
    }
  }

  @Test func anInvoiceIsInBothPartsAndIsWhatIsScanned() async throws {
    try await with("cat >mail") { messenger, folder in
      var message = Self.message(Self.renewal)
      message.invoice = MessageInvoice(bolt11: "lnbcrt210n1x", amount: 21_500, expiresAt: Self.now + 600)
      try await messenger.deliver(message, to: ContactPlace(address: "ann@example.org"), signedWith: .zero)
      let mail = try String(contentsOfFile: folder + "/mail", encoding: .utf8)
      let plain = try text(mail, 1)
      #expect(
        plain.contains("22 sat. Any Lightning wallet can pay this until 2026-11-28 12:10 UTC: lightning:lnbcrt210n1x"))
      #expect(plain.contains("https://rent.example/d/abc/"))
      let html = try text(mail, 2)
      #expect(html.contains("<a href=\"lightning:lnbcrt210n1x\">"))
      let code = try #require(QRCode("LIGHTNING:LNBCRT210N1X"))
      #expect(html.contains(code.table))
    }
  }

  @Test func theQuestionSaysOnlyWhatItMust() async throws {
    try await with("cat >mail") { messenger, folder in
      #expect(await deliver(.question, messenger) == nil)
      let mail = try String(contentsOfFile: folder + "/mail", encoding: .utf8)
      let plain = try text(mail, 1)
      #expect(plain.contains("https://rent.example/c/code") && !plain.contains("/d/"))
      #expect(plain.contains("Rent <&> Co") && !plain.contains("21 sat"))
      #expect(try text(mail, 2).contains("Rent &lt;&amp;&gt; Co"))
    }
  }

  @Test func whatDoesNotTakeItIsAFault() async throws {
    try await with("cat >/dev/null; exit 75") { messenger, _ in
      #expect(await deliver(Self.renewal, messenger) == DeliveryFault("sendmail ended with 75"))
    }
    // One that ends without reading what it was given ends nobody but itself.
    for (script, words) in [("exit 75", "ended with 75"), ("kill -9 $$", "was killed")] {
      try await with(script) { messenger, _ in
        #expect(await deliver(Self.renewal, messenger) == DeliveryFault("sendmail \(words)"))
      }
    }
    let from = try #require(EmailAddress("rent@example.com"))
    let gone = EmailMessenger(sendmail: "/nowhere/sendmail", from: from, provider: "P")
    #expect(await deliver(Self.renewal, gone) == DeliveryFault("sendmail could not be run"))
  }

  @Test func onlyAddressesOfPeopleAreTaken() throws {
    let from = try #require(EmailAddress("rent@example.com"))
    let messenger = EmailMessenger(sendmail: "/bin/true", from: from, provider: "P")
    let place = try messenger.place(.init(channel: .email, address: "Ann@Example.ORG"))
    #expect(place.address == "ann@example.org")
    #expect(messenger.masked(place) == "a…@example.org" && messenger.site(of: place) == "example.org")
    #expect(throws: ContactFault.self) {
      try messenger.place(.init(channel: .email, address: "a@example.org\r\nBcc: b@example.org"))
    }
  }
}
