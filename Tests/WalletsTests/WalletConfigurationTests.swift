import Foundation
import Testing
import Units

@testable import Wallets

@Suite struct WalletConfigurationTests {
  private func read(_ json: String) throws -> WalletConfiguration {
    try JSONDecoder().decode(WalletConfiguration.self, from: Data(json.utf8))
  }

  private func withFile(_ content: String, mode: Int = 0o600, _ body: (String) throws -> Void) throws {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("leasehold-secret-\(UUID().uuidString)")
    try Data(content.utf8).write(to: file)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
    defer { try? FileManager.default.removeItem(at: file) }
    try body(file.path)
  }

  @Test func theEnvironmentComesBeforeTheFile() throws {
    let file = try read(#"{"kind":"lnbits","url":"http://a","per_day_sats":5}"#)
    let both = try file.overridden(by: [
      "LEASEHOLD_WALLET_KIND": "phoenixd", "LEASEHOLD_WALLET_URL": "http://b", "LEASEHOLD_WALLET_PER_PAYMENT_SATS": "3",
    ])
    #expect(both.kind == .phoenixd)
    #expect(both.url == "http://b")
    #expect(both.budget == Budget(perPayment: 3_000, perDay: 5_000))
    #expect(try WalletConfiguration().overridden(by: ["LEASEHOLD_WALLET": "manual"]).kind == .manual)
    #expect(throws: WalletConfiguration.Fault.self) { try file.overridden(by: ["LEASEHOLD_WALLET": "gold"]) }
    #expect(throws: WalletConfiguration.Fault.self) { try file.overridden(by: ["LEASEHOLD_WALLET_PER_DAY_SATS": "x"]) }
    #expect(throws: WalletConfiguration.Fault.self) { try read(#"{"per_day_sats":-1}"#).check() }
  }

  @Test func eachKindOpensWithWhatItNeeds() throws {
    #expect(try read("{}").open([:])?.name == nil)
    #expect(try read(#"{"kind":"manual"}"#).open([:])?.name == nil)
    try withFile("0102abcd\n") { file in
      for json in [
        #"{"kind":"lnd","url":"http://h:1","macaroon_file":"FILE"}"#, #"{"kind":"cln","socket":"/x/lightning-rpc"}"#,
        #"{"kind":"cln","url":"http://h:1","rune_file":"FILE"}"#,
        #"{"kind":"lnbits","url":"http://h:1","admin_key_file":"FILE"}"#,
        #"{"kind":"phoenixd","url":"http://h:1","password_file":"FILE"}"#,
      ] {
        let wallet = try read(json.replacing("FILE", with: file)).open([:])
        #expect(json.contains("\"\(wallet?.name ?? "")\""))
      }
    }
  }

  @Test(arguments: [
    (#"{"kind":"lnd","url":"http://h"}"#, "macaroon_file is missing"),
    (#"{"kind":"lnbits","admin_key_file":"/none"}"#, "admin_key_file cannot be used"),
    (#"{"kind":"cln"}"#, "socket is missing"), (#"{"kind":"phoenixd","password_file":"/none"}"#, "password_file"),
  ])
  func whatIsMissingIsNamed(json: String, words: String) throws {
    let fault = #expect(throws: WalletConfiguration.Fault.self) { _ = try read(json).open([:]) }
    #expect(fault?.description.contains(words) == true)
  }

  @Test func secretsFromTheEnvironmentDoAndBadAddressesDoNot() throws {
    let environment = ["LEASEHOLD_WALLET_ADMIN_KEY": "topsecret"]
    #expect(try read(#"{"kind":"lnbits","url":"https://h"}"#).open(environment)?.name == "lnbits")
    let fault = #expect(throws: WalletConfiguration.Fault.self) {
      _ = try read(#"{"kind":"lnbits","url":"lnbits.example"}"#).open(environment)
    }
    #expect(fault?.description.contains("url cannot be used") == true)
    #expect(fault?.description.contains("topsecret") == false)
  }

  @Test func aSecretThatOthersMayReadIsRefusedAndNotTold() throws {
    try withFile("topsecret", mode: 0o644) { file in
      let fault = #expect(throws: WalletConfiguration.Fault.self) {
        _ = try read(#"{"kind":"phoenixd","url":"http://h","password_file":"\#(file)"}"#).open([:])
      }
      #expect(fault?.description.contains("chmod 600") == true)
      #expect(fault?.description.contains("topsecret") == false)
    }
  }
}
