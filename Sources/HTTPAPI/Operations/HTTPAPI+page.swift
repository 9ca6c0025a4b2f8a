import Engine
import HTTPTypes
import Hummingbird
import Leasing
import Units

extension HTTPAPI {
  /// The front page: what is for rent, and how, with nothing but curl. Works without scripts; allows none.
  ///
  /// - Parameter base: where the reader has found us.
  func page(_ offers: [OfferAvailability], base: String) -> Response {
    .text(
      Page(title: configuration.title, base: base, offers: offers, network: engine.settings.network)
        .text, "text/html; charset=utf-8",
      headers: [
        .contentSecurityPolicy:
          "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        .referrerPolicy: "no-referrer",
      ])
  }
}

/// HTML in which every value is escaped where it is put in.
struct Page {
  var title: String
  /// Where links and example commands begin, without a slash at the end.
  var base: String
  var offers: [OfferAvailability]
  var network: String

  var text: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>\(Self.escaped(title))</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <main>
    <h1>\(Self.escaped(title))</h1>
    <p class="lead">Disk and compute by the period, paid over Lightning. No accounts: what you pay for hands you a \
    credential, and the credential is the lease.</p>
    <h2>For rent</h2>
    \(offers.isEmpty ? "<p>Nothing just now.</p>" : "<ul class=\"offers\">\(offers.map(card).joined())</ul>")
    <h2>How to rent</h2>
    <p>Ask for a lease. The answer is <code>402 Payment Required</code> with an invoice and a macaroon.</p>
    <pre>curl -si \(host)/v1/leases -H 'Content-Type: application/json' \\
      -d '{"offer":"\(Self.escaped(offers.first?.offer.id ?? "OFFER"))"}'</pre>
    <p>Pay the invoice with any wallet, and send the same request again with what the wallet gives you, the preimage.\
     The answer is <code>201</code> and the lease.</p>
    <pre>curl -s \(host)/v1/leases -H 'Content-Type: application/json' \\
      -H 'Authorization: L402 MACAROON:PREIMAGE' \\
      -d '{"offer":"\(Self.escaped(offers.first?.offer.id ?? "OFFER"))"}'</pre>
    <p>A disk is then at <code>/dav/LEASE/</code> over WebDAV, a container takes commands at \
    <code>/v1/leases/LEASE/exec</code>. When time runs out either answers <code>402</code> with the renewal.</p>
    <footer>Chain <code>\(Self.escaped(network))</code> · <a href="\(Self.escaped(base))/openapi.json">OpenAPI</a> · \
    <a href="\(Self.escaped(base))/v1/offers">offers as JSON</a> · \
    <a href="\(Self.escaped(base))/.well-known/l402.json">L402 discovery</a></footer>
    </main>
    </body>
    </html>

    """
  }

  private var host: String { Self.escaped(base) }

  private func card(_ availability: OfferAvailability) -> String {
    let offer = availability.offer
    let terms = offer.terms
    let isMetered = terms.fiat.map { $0.price == .zero } ?? (terms.price == .zero)
    let atMost = offer.isTriedAtSeveralPrices ? "at most " : ""
    let satoshis = "\(atMost)<b>\((isMetered ? offer.highestDeposit : offer.highestPrice).satoshisRoundedUp)</b> sat"
    let price =
      terms.fiat.map { fiat in
        let amount = "<b>\(isMetered ? fiat.deposit : fiat.price)</b> \(fiat.currency.rawValue)"
        return terms.isPriced ? "\(amount) (now \(satoshis))" : "\(amount), without a rate just now,"
      } ?? satoshis
    let left = availability.available
    let what: String =
      switch terms.kind {
      case .disk: "\(Self.bytes(terms.resources.disk.count)) disk"
      case .compute:
        "\(Self.cores(terms.resources.cpuMillis)), \(Self.bytes(terms.resources.memory.count)) memory, "
          + "\(Self.bytes(terms.resources.disk.count)) disk"
      }
    return """
      <li><h3>\(Self.escaped(offer.title))</h3><p><code>\(Self.escaped(offer.id))</code></p><p>\(Self.escaped(what))</p>\
      <p class="price">\(price) \(isMetered ? "deposit, then by use" : "per \(Self.span(terms.period.count))")</p>\
      <p>\(Self.escaped(Self.promise(of: terms.policy)))</p>\
      <p class="\(left > 0 ? "free" : "full")">\(left > 0 ? "\(left) free" : "none free")</p></li>
      """
  }

  /// How long the data is kept when nobody pays.
  private static func promise(of policy: Policy) -> String {
    func length(_ span: Seconds) -> String {
      let words = Self.span(span.count)
      return words.first?.isNumber == true ? words : "1 \(words)"
    }
    return "data kept \(length(policy.retention)), \(length(policy.firstRetention)) in the first period"
  }

  static func escaped(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }

  /// Two digits behind the point at the most, none that say nothing.
  private static func decimal(_ hundredths: Int64) -> String {
    let whole = hundredths / 100
    let rest = hundredths % 100
    if rest == 0 { return "\(whole)" }
    return rest % 10 == 0 ? "\(whole).\(rest / 10)" : "\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  static func bytes(_ count: Int64) -> String {
    for (unit, shift) in [("TiB", Int64(40)), ("GiB", 30), ("MiB", 20), ("KiB", 10)] where count >= 1 << shift {
      let (whole, rest) = count.quotientAndRemainder(dividingBy: 1 << shift)
      return "\(decimal(whole * 100 + (rest >> (shift - 10)) * 100 / 1_024)) \(unit)"
    }
    return "\(count) B"
  }

  static func cores(_ millis: Int64) -> String { "\(decimal(millis / 10)) \(millis == 1_000 ? "core" : "cores")" }

  static func span(_ seconds: Int64) -> String {
    for (unit, length) in [("day", Int64(86_400)), ("hour", 3_600), ("minute", 60)]
    where seconds >= length && seconds % length == 0 {
      return seconds == length ? unit : "\(seconds / length) \(unit)s"
    }
    return seconds == 1 ? "second" : "\(seconds) seconds"
  }

  private static let style = """
    :root{color-scheme:light dark;--ink:#1b1f24;--soft:#5b6470;--line:#d9dee5;--card:#fff;--paper:#f6f7f9;--accent:#b4530a}
    @media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#9aa4b0;--line:#333a44;--card:#1d2229;--paper:#14171c;--accent:#f7931a}}
    *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
    main{max-width:60rem;margin:0 auto;padding:3rem 1.25rem}h1{font-size:2.2rem;margin:0 0 .25rem}h2{margin:2.5rem 0 .75rem}
    .lead{color:var(--soft);font-size:1.1rem;max-width:42rem}ul.offers{list-style:none;padding:0;margin:0;display:grid;\
    gap:1rem;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr))}ul.offers li{background:var(--card);border:1px solid var(--line);\
    border-radius:.75rem;padding:1rem 1.25rem}ul.offers h3{margin:0 0 .25rem}ul.offers p{margin:.25rem 0;color:var(--soft)}
    .price b{color:var(--accent);font-size:1.4rem}.full{opacity:.7}pre{background:var(--card);border:1px solid var(--line);\
    border-radius:.5rem;padding:1rem;overflow:auto;font-size:.9rem}code{font-size:.92em}footer{margin-top:3rem;color:var(--soft);font-size:.9rem}a{color:inherit}
    """
}
