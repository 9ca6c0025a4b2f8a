import Engine
import Foundation
import L402
import Nostr
import TestNodes
import Testing
import Units

@testable import leaseholdd

/// What the doctor says of the ways to renters.
@Suite(.timeLimit(.minutes(5))) struct ReachingTests {
  private static let now = Instant(unixSeconds: 1_800_000_000)

  /// What a busy machine delays is not what is tried here.
  private static let patience = Duration.seconds(86_400)

  private struct Standing: WallClock {
    func now() -> Instant { ReachingTests.now }
  }

  private func read(_ notices: String) throws -> Configuration {
    let located = ConfigurationTests.good.replacing(
      "address: 127.0.0.1:8402", with: "address: 127.0.0.1:8402\n  public_url: https://rent.example")
    return try Configuration(
      YAMLReader(file: "leasehold.yaml", text: "\(located)\n\(notices)", environment: [:]))
  }

  private func complaint(_ body: () async throws -> String) async -> String? {
    do {
      _ = try await body()
      return nil
    } catch { return "\(error)" }
  }

  /// A relay that has nothing, or one that says nothing.
  private func relay(answers: Bool = true) async throws -> (HTTPServer, String) {
    let server = try HTTPServer(
      webSockets: { _ in true },
      texts: { _ in answers ? ["[\"EOSE\",\"leasehold\"]"] : ["[\"CLOSED\",\"leasehold\",\"\"]"] }
    ) { _ in .text(200, "no relay") }
    try await server.start()
    return (server, server.url.replacing("http://", with: "ws://"))
  }

  @Test func whereRentersMayHaveUsConnectTo() async throws {
    #expect(try Doctor.webhooks(read("")) == "to public addresses alone, with https")
    let some = try Doctor.webhooks(read("notices: {webhook_allow: [10.0.0.0/8]}"))
    #expect(some == "to public addresses and 10.0.0.0/8, with https")
    let near = try Doctor.webhooks(read("notices: {webhook_allow: [127.0.0.0/8]}"))
    #expect(near.contains("what listens on this machine"))
    for block in ["0.0.0.0/0", "169.254.0.0/16", "::/0"] {
      for setting in ["webhook_allow", "nostr_allow"] {
        let wide = try read("notices: {\(setting): [\"\(block)\"]}")
        let words = await complaint {
          _ = try Doctor.webhooks(wide)
          return try await Doctor.nostr(wide, key: nil, within: Self.patience)
        }
        #expect(words?.contains("notices.\(setting)") == true, "\(block)")
      }
      let wide = try read("wallets: {allow: [\"\(block)\"]}")
      #expect(
        await complaint { try await Doctor.wallets(wide, grants: [], Standing()) }?.contains("wallets.allow") == true)
    }
  }

  @Test func theProgramOfMailIsRunWithAMessageForNobody() async throws {
    let folder = FileManager.default.temporaryDirectory.path + "/leasehold-mail-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }  // The test is over.
    func program(_ script: String) throws -> Configuration {
      try "#!/bin/sh\n\(script)\n".write(toFile: folder + "/sendmail", atomically: true, encoding: .utf8)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder + "/sendmail")
      return try read("notices: {sendmail: \(folder)/sendmail, email_from: rent@example.com}")
    }
    func said(_ configuration: Configuration, to address: String? = nil) async throws -> String {
      try await Doctor.mail(configuration, to: address, at: Self.now, within: Self.patience)
    }
    #expect(try await said(read("")).contains("notices.sendmail"))
    #expect(await complaint { try await said(read(""), to: "me@example.com") } != nil)
    // As msmtp and Postfix refuse it.
    let keeping = try program("cat >\(folder)/mail; grep -qi '^To:' \(folder)/mail || exit 64")
    #expect(try await said(keeping).contains("\(folder)/sendmail runs"))
    let asked = try String(contentsOfFile: folder + "/mail", encoding: .utf8)
    #expect(!asked.contains("To:") && asked.contains("From: rent@example.com"))
    #expect(try await said(keeping, to: "me@example.com").contains("taken one for me@example.com"))
    #expect(try String(contentsOfFile: folder + "/mail", encoding: .utf8).contains("To: me@example.com"))
    #expect(await complaint { try await said(keeping, to: "me") }?.contains("no address") == true)
    for script in ["cat >/dev/null; exit 78", "cat >/dev/null; exit 75", "kill -9 $$"] {
      let words = try await #require(complaint { try await said(program(script)) })
      #expect(words.hasPrefix("sendmail ") && words.contains("msmtp-mta"), "\(script)")
    }
    let gone = try program("exit 0")
    try FileManager.default.removeItem(atPath: folder + "/sendmail")
    #expect(await complaint { try await said(gone) }?.contains("could not be run") == true)
  }

  /// The real one that this machine has.
  @Test(.enabled("msmtp is installed") { FileManager.default.isExecutableFile(atPath: "/usr/bin/msmtp") })
  func msmtpRuns() async throws {
    let configuration = try read("notices: {sendmail: /usr/bin/msmtp, email_from: rent@example.com}")
    #expect(
      try await Doctor.mail(configuration, to: nil, at: Self.now, within: Self.patience).contains("/usr/bin/msmtp runs")
    )
  }

  @Test func relaysOfOursAreAsked() async throws {
    let key = NostrSecretKey.random()
    #expect(
      try await Doctor.nostr(read(""), key: key, within: Self.patience).contains(
        "from \(key.publicKey.npub), to relays that renters name"))
    #expect(
      try await Doctor.nostr(read("notices: {nostr: false}"), key: key, within: Self.patience).contains(
        "nothing is sent"))
    let (good, goodURL) = try await relay()
    let (bad, badURL) = try await relay(answers: false)
    let one = try read("notices: {nostr_relays: [\"\(goodURL)\"], nostr_allow: [127.0.0.0/8]}")
    #expect(
      try await Doctor.nostr(one, key: key, within: Self.patience)
        == "from \(key.publicKey.npub); 1 of 1 relays of ours answer")
    let two = try read("notices: {nostr_relays: [\"\(goodURL)\", \"\(badURL)\"], nostr_allow: [127.0.0.0/8]}")
    let words = try #require(await complaint { try await Doctor.nostr(two, key: nil, within: Self.patience) })
    #expect(words.contains(badURL) && !words.contains(goodURL) && words.contains("notices.nostr_relays"))
    let inside = try read("notices: {nostr_relays: [\"\(goodURL)\"]}")
    #expect(
      await complaint { try await Doctor.nostr(inside, key: key, within: Self.patience) }?.contains("nostr_allow")
        == true)
    await good.stop()
    await bad.stop()
  }

  @Test func relaysOfWalletsAreCountedAndNotNamed() async throws {
    let (good, goodURL) = try await relay()
    let (bad, badURL) = try await relay(answers: false)
    let near = try read("wallets: {allow: [127.0.0.0/8]}")
    func grant(_ relay: String) -> String {
      "nostr+walletconnect://\(NostrSecretKey.random().publicKey)?relay=\(relay)&secret=\(String(repeating: "1", count: 64))"
    }
    func said(_ configuration: Configuration, _ grants: [String]?) async throws -> String {
      try await Doctor.wallets(configuration, grants: grants, Standing(), within: Self.patience)
    }
    #expect(
      try await said(near, [grant(goodURL), grant(badURL), grant(goodURL), "what cannot be read"])
        == "1 of 2 relays at which renters' wallets are asked answer")
    #expect(try await said(near, []).contains("no renter has named one"))
    #expect(try await said(near, nil).contains("the database would say"))
    #expect(try await said(read("wallets: {enabled: false}"), [grant(goodURL)]).contains("none are asked"))
    for (configuration, relay) in [(near, badURL), (try read(""), goodURL)] {
      let words = try #require(await complaint { try await said(configuration, [grant(relay)]) })
      #expect(words.contains("0 of 1") && words.contains("wallets.allow") && !words.contains("127.0.0.1"))
    }
    await good.stop()
    await bad.stop()
  }
}
