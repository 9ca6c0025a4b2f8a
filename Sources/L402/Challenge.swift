import Macaroons

/// A macaroon and the invoice whose preimage completes it: what `402 Payment Required` carries.
public struct Challenge: Hashable, Sendable {
  public let macaroon: Macaroon
  /// BOLT 11 text.
  public let invoice: String

  /// - Precondition: the invoice is letters and digits, as BOLT 11 text is.
  public init(macaroon: Macaroon, invoice: String) {
    precondition(Challenge.isPlain(invoice), "an invoice is letters and digits")
    self.macaroon = macaroon
    self.invoice = invoice
  }

  /// The macaroon in standard base64, padded: what the problem document carries as well.
  public var token: String { Base64.encode(macaroon.wire) }

  /// The value of the `WWW-Authenticate` line.
  ///
  /// `macaroon` and `invoice` come first because that order is the one clients in use all read; the specification's
  /// own (`version` first) fails in most of them.
  public var wwwAuthenticate: String {
    let token = token
    return "L402 macaroon=\"\(token)\", invoice=\"\(invoice)\", version=\"0\", token=\"\(token)\""
  }

  /// The line for clients that say `Accept-Authenticate: LSAT`.
  public var lsat: String {
    "LSAT macaroon=\"\(token)\", invoice=\"\(invoice)\""
  }

  private static func isPlain(_ invoice: String) -> Bool {
    !invoice.isEmpty
      && invoice.utf8.allSatisfy {
        switch $0 {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "A")...UInt8(ascii: "Z"):
          true
        default: false
        }
      }
  }
}

extension Challenge {
  /// Finds the challenge in the `WWW-Authenticate` lines of a response, whatever the order of its parameters and
  /// whatever other schemes stand beside it. Nil when there is none that can be read.
  public init?(wwwAuthenticate lines: [String]) {
    for line in lines {
      var reader = ChallengeReader(line)
      for parameters in reader.challenges(of: ["l402", "lsat"]) {
        guard let token = parameters["macaroon"] ?? parameters["token"], let invoice = parameters["invoice"],
          Challenge.isPlain(invoice), let bytes = Base64.decode(token)
        else { continue }
        do throws(MacaroonFault) {
          self.init(macaroon: try Macaroon(v2: bytes), invoice: invoice)
          return
        } catch {
          continue
        }
      }
    }
    return nil
  }
}
