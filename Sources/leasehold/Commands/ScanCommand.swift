import ArgumentParser
import BOLT11
import Client
import QR
import Wire

struct ScanCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scan", abstract: "A QR code with which any wallet pays for more time.",
    discussion: """
      Whoever scans it sends an amount between one period and a year of time (LNURL-pay), and the lease lasts as much \
      longer. No credential is in it, and none is given: it may hang on a wall. Where the provider has a domain there is \
      an address as well, for wallets that send to one.
      """)

  @OptionGroup var options: GlobalOptions
  @Argument var lease: String

  func run() async throws {
    try await Session.run(options, of: lease) { session, lease in
      let document = try await session.client.lease(lease).document
      guard let code = ScanCode(document.links["lnurlp"], of: session.client.server.description) else {
        throw Complaint.failed("this provider sells no time to wallets that scan")
      }
      session.put(code) {
        code.text(columns: Terminal.outputColumns, colored: Terminal.outputIsTTY)
      }
    }
  }
}

/// What a wallet scans, and what it may be told instead.
struct ScanCode: Encodable, Hashable {
  /// In capitals.
  var lnurl: String
  /// What the code says.
  var url: String
  /// `name@domain` (LUD-16), where the server has a domain and TLS on the port that belongs to it.
  var address: String?

  /// - Parameters:
  ///   - link: as the lease has it; a path is one of `server`.
  init?(_ link: String?, of server: String) {
    guard let link else { return nil }
    url = link.hasPrefix("/") ? server + link : link
    lnurl = LNURL.text(of: url)
    let parts = url.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 6, parts[0] == "https:", parts[1].isEmpty, parts[3] == ".well-known", parts[4] == "lnurlp",
      !parts[2].contains(":")
    else { return }
    address = "\(parts[5])@\(parts[2])"
  }

  /// - Parameter columns: of the terminal, where there is one: a code that is folded cannot be scanned.
  func text(columns: Int?, colored: Bool) -> String {
    var text = ""
    if let picture = QRCode(lnurl) {
      text +=
        picture.columns <= columns ?? .max
        ? picture.text(colored: colored)
        : "(the terminal is \(columns ?? 0) columns wide; a QR code takes \(picture.columns))\n"
    }
    return text + lnurl + "\n" + (address.map { $0 + "\n" } ?? "")
  }
}
