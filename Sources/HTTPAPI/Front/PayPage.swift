import Engine
import L402
import Leasing
import Macaroons
import QR
import Units
import Wire

/// The page of a pay-only address, for a telephone: what happens to the lease when, and the invoice once it was asked for.
/// Works without scripts and allows none; every value is escaped where it is put in.
struct PayPage {
  /// An invoice as it is shown.
  struct Invoice: Hashable {
    var bolt11: String
    var hash: PaymentHash
    var amount: Millisatoshi
    var expiresAt: Instant
  }

  enum Bill: Hashable {
    /// - isAsked: whether somebody has looked whether it was paid.
    case open(Invoice, isAsked: Bool)
    case paid
    /// Not paid, and not to be paid any more.
    case over
  }

  /// The provider's name.
  var title: String
  var lease: Lease
  var now: Instant
  /// The address, from where the reader is.
  var here: String
  var button: String
  var bill: Bill?
  /// Why there is no invoice.
  var refusal: String?

  var text: String {
    """
    <!doctype html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>\(Markup.escaped(title))</title>
    <style>\(Self.style)</style>
    </head>
    <body>
    <main>
    <h1>\(Markup.escaped(title))</h1>
    <p>Lease <code>…\(Markup.escaped(lease.id.shortName))</code>, \(Markup.escaped(lease.terms.offer)).</p>
    \(happenings)
    \(refusal.map { "<p class=\"no\">\(Markup.escaped($0))</p>" } ?? "")
    \(payment)
    </main>
    </body>
    </html>

    """
  }

  private var happenings: String {
    let lines = lease.timetable.compactMap { NextAction(action: $0.action.rawValue, at: Timestamp($0.at)).text }
    return lines.isEmpty ? "" : "<ul>\(lines.map { "<li>\(Markup.escaped($0))</li>" }.joined())</ul>"
  }

  private var payment: String {
    switch bill {
    case .open(let invoice, let isAsked):
      return (isAsked ? "<p class=\"no\">It has not been paid yet.</p>" : "") + show(invoice)
    case .paid: return "<p class=\"yes\">It was paid.</p>" + offer("Pay for one more period")
    case .over: return "<p class=\"no\">That invoice ran out unpaid.</p>" + offer("Show another invoice")
    case nil: return offer("Show the invoice")
    }
  }

  private func offer(_ words: String) -> String {
    guard let cost = lease.costOfGoingOn(at: now) else { return "<p>Nothing is to be paid for it now.</p>" }
    return """
      <p>One more period costs <b>\(cost.satoshisRoundedUp) sat</b>.</p>
      <form method="post" action="\(Markup.escaped(here + button))"><button>\(words)</button></form>
      """
  }

  private func show(_ invoice: Invoice) -> String {
    let link = "lightning:\(invoice.bolt11)"
    let until = Timestamp(Instant(unixSeconds: invoice.expiresAt.unixSeconds))
    return """
      <p><b>\(invoice.amount.satoshisRoundedUp) sat</b>, to be paid until \(until).</p>
      <p><a class="pay" href="\(Markup.escaped(link))">Pay with a wallet on this device</a></p>
      <div class="code">\(QRCode(link.uppercased())?.svg ?? "")</div>
      <p><code class="long">\(Markup.escaped(invoice.bolt11))</code></p>
      <p><a href="\(Markup.escaped("\(here)?paid=\(invoice.hash.hex)"))">Look whether it was paid</a></p>
      """
  }

  /// Nothing but this page's own style, by its hash.
  static let policy: String = {
    let hash = Base64.encode(Array(style.utf8).withUnsafeBytes { Bytes32.sha256($0) }.array)
    return "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  }()

  private static let style = """
    :root{color-scheme:light dark}*{box-sizing:border-box}body{margin:0;font:17px/1.5 system-ui,sans-serif}\
    main{max-width:32rem;margin:0 auto;padding:1.5rem 1rem}h1{font-size:1.5rem;margin:0 0 .5rem}ul{padding-left:1.2rem}\
    button,.pay{display:block;width:100%;padding:.9rem 1rem;border:0;border-radius:.6rem;background:#b4530a;color:#fff;\
    font:inherit;font-weight:600;text-align:center;text-decoration:none}.code svg{display:block;width:100%;max-width:24rem;\
    margin:0 auto;height:auto}.long{overflow-wrap:anywhere;font-size:.75rem}.no{font-weight:600}.yes{font-weight:600}
    """
}

extension PayPage.Invoice {
  init(_ demand: PaymentDemand) {
    self.init(
      bolt11: demand.challenge.invoice, hash: demand.paymentHash, amount: demand.amount, expiresAt: demand.expiresAt)
  }
}

extension PayPage.Bill {
  /// One that somebody was shown before; `nil` where there is nothing to show of it.
  init?(_ record: InvoiceRecord, at now: Instant) {
    switch record.state {
    case .settled, .accepted: self = .paid
    case .canceled, .expired: self = .over
    case .reserved: return nil
    case .open, .replaced:
      guard let hash = record.paymentHash, let bolt11 = record.bolt11 else { return nil }
      guard record.expiresAt > now else {
        self = .over
        return
      }
      self = .open(
        PayPage.Invoice(bolt11: bolt11, hash: hash, amount: record.amount, expiresAt: record.expiresAt), isAsked: true)
    }
  }
}
