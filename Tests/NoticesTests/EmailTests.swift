import Foundation
import Testing

@testable import Notices

@Suite struct EmailTests {
  @Test(arguments: ["a@example.com", "first.last+tag@mail.example.org", "o'neil@xn--bcher-kva.example"])
  func addressesOfPeopleAreTaken(_ text: String) {
    #expect(EmailAddress(text)?.text == text)
  }

  @Test(arguments: [
    "", "a", "@example.com", "a@", "a@b", "a@b@c.example", "a b@example.com", "a@example.com\r\nBcc: x@example.com",
    "a@example.com,b@example.com", "\"a\"@example.com", "a@[127.0.0.1]", ".a@example.com", "a..b@example.com",
    "-oQ/tmp@example.com", "a@-example.com", "a@example..com", "ä@example.com", "a@exa_mple.com",
    "<a@example.com>", "a@example.com ",
  ])
  func nothingElseIs(_ text: String) {
    #expect(EmailAddress(text) == nil)
  }

  private func message(subject: String, text: String, html: String? = nil, unsubscribe: String? = nil) throws -> String
  {
    let message = EmailMessage(
      from: try #require(EmailAddress("rent@example.com")), to: try #require(EmailAddress("ann@example.org")),
      subject: subject, text: text, html: html, unsubscribe: unsubscribe, key: "k")
    return String(decoding: message.rendered(date: "Sat, 28 Nov 2026 12:00:00 +0000"), as: UTF8.self)
  }

  @Test func headersStayHeaders() throws {
    let evil = "x\r\nBcc: all@example.net\r\n\r\nbody"
    let rendered = try message(
      subject: evil, text: evil, html: evil, unsubscribe: "https://rent.example/u\r\nBcc: all@example.net")
    let head = try #require(rendered.components(separatedBy: "\r\n\r\n").first)
    let names = head.components(separatedBy: "\r\n").filter { !$0.hasPrefix(" ") }.map {
      String($0.prefix { $0 != ":" })
    }
    #expect(
      names == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "List-Unsubscribe",
        "List-Unsubscribe-Post", "Content-Type",
      ])
  }

  @Test func whatIsSaidComesBack() throws {
    let subject = String(repeating: "Verlängern für 20 sat 👩‍👩‍👧‍👦 ", count: 5)
    let text = String(repeating: "Zeile €\n.\n", count: 100)
    let rendered = try message(subject: subject, text: text)
    let lines = rendered.components(separatedBy: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 76 })
    #expect(rendered.utf8.allSatisfy { $0 < 0x80 })
    let start = try #require(lines.firstIndex { $0.hasPrefix("Subject: ") })
    let words = ([String(lines[start].dropFirst(9))] + lines[(start + 1)...].prefix { $0.hasPrefix(" ") })
      .map { $0.trimmingCharacters(in: .whitespaces) }
    #expect(words.allSatisfy { $0.utf8.count <= 75 })
    let decoded = try words.map { word in
      try #require(Data(base64Encoded: String(word.dropFirst(10).dropLast(2))))
    }
    #expect(String(decoding: decoded.reduce(Data(), +), as: UTF8.self) == subject)
    let body = try #require(rendered.components(separatedBy: "\r\n\r\n").last)
    #expect(Data(base64Encoded: body.replacing("\r\n", with: "")).map { String(decoding: $0, as: UTF8.self) } == text)
  }

  @Test func bothPartsAreInIt() throws {
    let rendered = try message(subject: "plain", text: "a", html: "<p>a</p>")
    #expect(rendered.contains("\r\nSubject: plain\r\n"))
    #expect(rendered.contains("multipart/alternative"))
    let boundary = try #require(rendered.firstMatch(of: /boundary="([^"]+)"/)).1
    #expect(rendered.components(separatedBy: "--\(boundary)\r\n").count == 3)
    #expect(rendered.hasSuffix("--\(boundary)--\r\n"))
    #expect(rendered == (try message(subject: "plain", text: "a", html: "<p>a</p>")))
  }

  @Test func anAddressIsMasked() {
    #expect(EmailAddress("ann@example.org")?.masked == "a…@example.org")
  }
}
