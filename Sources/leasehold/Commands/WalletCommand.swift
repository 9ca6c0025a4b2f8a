import ArgumentParser
import Client
import Foundation
import Wallets
import Wire

struct WalletCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "wallet", abstract: "Which wallet pays, and whether it answers.",
    discussion: """
      Without a configuration the server's own embedded node is asked to pay (play money), if it has one. A wallet of \
      yours is named in $XDG_CONFIG_HOME/leasehold/config.json (else ~/.config/leasehold/config.json):

        {"server": "https://rent.example", "wallet": {"kind": "lnd", "url": "https://127.0.0.1:8080",
          "certificate_file": "~/.lnd/tls.cert", "macaroon_file": "~/.lnd/admin.macaroon",
          "max_fee_sats": 50, "per_payment_sats": 10000, "per_day_sats": 50000}}

        {"kind": "cln", "socket": "~/.lightning/bitcoin/lightning-rpc"}
        {"kind": "cln", "url": "https://127.0.0.1:3010", "rune_file": "~/.lightning/pay.rune"}
        {"kind": "lnbits", "url": "https://lnbits.example", "admin_key_file": "~/.config/leasehold/lnbits.key"}
        {"kind": "phoenixd", "url": "http://127.0.0.1:9740", "password_file": "~/.config/leasehold/phoenixd.password"}
        {"kind": "manual"}      a QR code in the terminal, for a wallet on a telephone

      Files with secrets must be readable by their owner alone (chmod 600). Every entry can be overridden by \
      LEASEHOLD_WALLET_ and its name in capitals; secrets also come from LEASEHOLD_WALLET_MACAROON (hex), _RUNE, \
      _ADMIN_KEY and _PASSWORD.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var source: WalletOptions

  struct Document: Codable {
    var kind: WalletConfiguration.Kind
    var answers: Bool?
    var detail: String?
    var perPaymentMsat: Int64?
    var perDayMsat: Int64?
    var spentMsat: Int64

    enum CodingKeys: String, CodingKey {
      case kind, answers, detail
      case perPaymentMsat = "per_payment_msat"
      case perDayMsat = "per_day_msat"
      case spentMsat = "spent_msat"
    }
  }

  func run() async throws {
    let chosen = try ChosenWallet(options, source)
    let check = try await chosen.check()
    try await Session.run(options) { session in
      let budget = try session.client.state.budget(chosen.configuration.budget)
      let spent = try session.client.state.spendings().spent(at: session.now).count
      let document = Document(
        kind: chosen.configuration.kind, answers: check.answers, detail: check.detail,
        perPaymentMsat: budget.perPayment?.count, perDayMsat: budget.perDay?.count, spentMsat: spent)
      session.put(document) {
        Table.facts(
          [
            ("wallet", document.kind.rawValue),
            ("answers", document.answers.map { $0 ? "yes" : "no" }),
            ("", document.detail),
          ] + BudgetCommand.facts(budget, spent: spent))
      }
      if document.answers == false { throw ExitCode(ExitStatus.failed.rawValue) }
    }
  }
}

extension ChosenWallet {
  /// Whether it answers; `nil` where there is nobody to ask.
  struct Check {
    var answers: Bool?
    var detail: String?
  }

  func check() async throws -> Check {
    guard let wallet = try open() else {
      return Check(
        detail: configuration.kind == .manual
          ? "you pay, from a wallet of your own" : "the server's own node pays: play money")
    }
    do throws(WalletError) { return Check(answers: true, detail: try await wallet.greeting()) } catch {
      return Check(answers: false, detail: "\(ClientError.wallet(error))")
    }
  }
}
