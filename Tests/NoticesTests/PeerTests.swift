import Engine
import Foundation
import L402
import Leasing
import Ledger
import Macaroons
import Testing
import Units

@testable import Notices

/// Against other people's readings of the same specifications: PyPI's `standardwebhooks`, and Debian's `msmtp` before
/// PyPI's `aiosmtpd`.
@Suite struct PeerTests {
  private static let python = ProcessInfo.processInfo.environment["LEASEHOLD_TEST_PYTHON"]

  private static func has(_ modules: String) -> Bool {
    guard let python else { return false }
    return run(["-c", "import \(modules)"], python: python, input: "").status == 0
  }

  private static func run(
    _ arguments: [String], python: String, input: String
  ) -> (status: Int32, output: String) {
    let process = Process()
    let (output, given) = (Pipe(), Pipe())
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = arguments
    process.standardOutput = output
    process.standardInput = given
    process.standardError = FileHandle.nullDevice
    do {
      try process.run()
      try given.fileHandleForWriting.write(contentsOf: Data(input.utf8))
      try given.fileHandleForWriting.close()
    } catch {
      return (-1, "\(error)")
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test(.enabled("standardwebhooks is installed") { PeerTests.has("standardwebhooks") })
  func theirLibraryTakesWhatWeSignAndNothingElse() async throws {
    let receiver = try await Receiver(.status(200))
    let key = Bytes32.random()
    let now = Instant(unixSeconds: Int64(Date().timeIntervalSince1970))
    let hosts = ReachableHosts(ReachableAddresses(allowing: [AddressRange("127.0.0.0/8")].compactMap(\.self)))
    try await WebhookMessenger(hosts).deliver(
      Message(
        id: "msg_9", content: .notice(Notice(kind: .renewal, deadline: now + .day, amount: 1_000)),
        lease: LeaseID(high: 1, low: 2), offer: "disk", announcedAt: now, at: now, payAt: nil, settingsAt: nil),
      to: ContactPlace(address: "http://127.0.0.1:\(receiver.port)/"), signedWith: key)
    let request = try #require(receiver.requests.first)
    await receiver.close()
    let check = """
      import sys, json
      from standardwebhooks.webhooks import Webhook
      given = json.load(sys.stdin)
      Webhook(given["secret"]).verify(given["body"], given["headers"])
      """
    func verdict(_ secret: String, _ body: String) throws -> Int32 {
      let given: [String: Any] = ["secret": secret, "body": body, "headers": request.headers]
      let input = String(decoding: try JSONSerialization.data(withJSONObject: given), as: UTF8.self)
      return Self.run(["-c", check], python: try #require(Self.python), input: input).status
    }
    let body = String(decoding: request.body, as: UTF8.self)
    #expect(try verdict(WebhookSecret(key).text, body) == 0)
    #expect(try verdict(WebhookSecret(.random()).text, body) != 0)
    #expect(try verdict(WebhookSecret(key).text, body.replacing("1000", with: "1")) != 0)
  }

  /// The next line, without its end.
  private static func line(of pipe: Pipe) throws -> String {
    var bytes: [UInt8] = []
    while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
      bytes.append(byte)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let server = """
    import asyncio, json, sys
    from aiosmtpd.smtp import SMTP
    class Keeper:
        async def handle_DATA(self, server, session, envelope):
            print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos,
                              "mail": envelope.content.decode()}), flush=True)
            return "250 kept"
    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: SMTP(Keeper()), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()
    asyncio.run(main())
    """

  @Test(
    .enabled("msmtp and aiosmtpd are installed") {
      PeerTests.has("aiosmtpd.smtp") && FileManager.default.isExecutableFile(atPath: "/usr/bin/msmtp")
    })
  func theirServerTakesOneMailForOneReader() async throws {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: try #require(Self.python))
    process.arguments = ["-c", Self.server]
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    // Whatever signals it was born with blocked.
    defer { _ = kill(process.processIdentifier, SIGKILL) }
    let port = try Self.line(of: output)
    let folder = NSTemporaryDirectory() + "leasehold-msmtp-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }  // The test is over.
    let program = folder + "/sendmail"
    let settings = "account default\nhost 127.0.0.1\nport \(port)\nfrom rent@example.com\nauth off\ntls off\n"
    try settings.write(toFile: folder + "/msmtprc", atomically: true, encoding: .utf8)
    try "#!/bin/sh\nexec /usr/bin/msmtp -C \(folder)/msmtprc \"$@\"\n".write(
      toFile: program, atomically: true, encoding: .utf8)
    for (path, mode) in [(program, 0o755), (folder + "/msmtprc", 0o600)] {
      try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }
    let now = Instant(unixSeconds: 1_795_867_200)
    let from = try #require(EmailAddress("rent@example.com"))
    try await EmailMessenger(sendmail: program, from: from, provider: "Rent").deliver(
      Message(
        id: "msg_9", content: .notice(Notice(kind: .renewal, deadline: now + .day, amount: 1_000)),
        lease: LeaseID(high: 1, low: 2), offer: "disk", announcedAt: now, at: now,
        payAt: "https://rent.example/d/abc/", settingsAt: "https://rent.example/c/code"),
      to: ContactPlace(address: "ann@example.org"), signedWith: .zero)
    let line = try Self.line(of: output)
    let kept = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(kept["from"] as? String == "rent@example.com")
    #expect(kept["to"] as? [String] == ["ann@example.org"])
    let mail = try #require(kept["mail"] as? String)
    #expect(mail.contains("Subject: Rent: disk") && mail.contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"))
    // What Python's own reader makes of it.
    let read = """
      import sys, email, email.policy
      mail = email.message_from_string(sys.stdin.read(), policy=email.policy.default)
      print(mail["To"], mail.defects, [part.get_content_type() for part in mail.walk()])
      print(mail.get_body(("plain",)).get_content())
      """
    let seen = Self.run(["-c", read], python: try #require(Self.python), input: mail).output
    #expect(seen.contains("ann@example.org [] ['multipart/alternative', 'text/plain', 'text/html']"), "\(seen)")
    #expect(seen.contains("https://rent.example/d/abc/"))
  }
}
