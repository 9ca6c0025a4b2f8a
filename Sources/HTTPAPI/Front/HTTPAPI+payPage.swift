import Engine
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Units

/// What a browser sees behind the link of a notice: an address where one may pay and do nothing else.
extension HTTPAPI {
  /// What the button of the page asks for, behind the address.
  private static let button = "invoice"

  /// The page, for a browser; `nil`: the request is for somebody else. A link is followed by whatever looks into a mail, so
  /// that to look mints nothing: the button does.
  func payPage(
    _ path: AddressPath, _ request: Request, _ door: AddressedDoor, _ context: some HTTPAPIContext
  ) async throws -> Response? {
    guard door.address.capabilities == .pay, request.asksForHTML else { return nil }
    let exchange = Exchange(request: request, context: context, configuration: configuration, door: door)
    switch (request.method, path.rest) {
    case (.get, ""), (.head, ""), (.get, Self.button), (.head, Self.button):
      let hash = try exchange.query("paid").flatMap { PaymentHash(hex: $0) }
      let (lease, invoice) = try await engine.doors.look(at: door.address, invoice: hash)
      var answer = page(of: lease, exchange, bill: invoice.flatMap { PayPage.Bill($0, at: engine.clock.now()) })
      if request.method == .head { answer.body = ResponseBody() }
      return answer
    case (.post, Self.button):
      do {
        let demand = try await engine.doors.demand(at: door.address, exchange.caller())
        let lease = try await engine.doors.look(at: door.address, invoice: nil).lease
        return page(of: lease, exchange, bill: .open(PayPage.Invoice(demand), isAsked: false))
      } catch let refusal as Refusal {
        let lease = try await engine.doors.look(at: door.address, invoice: nil).lease
        let problem = Self.problem(for: refusal)
        return page(of: lease, exchange, refused: problem)
      }
    default:
      return nil
    }
  }

  private func page(
    of lease: Lease, _ exchange: Exchange, bill: PayPage.Bill? = nil, refused: Problem? = nil
  ) -> Response {
    let path = exchange.request.head.path?.prefix { $0 != "?" } ?? ""
    // Links are relative, wherever the provider's proxy has put us.
    let isFolder = path.hasSuffix("/") || path.hasSuffix("/\(Self.button)")
    let page = PayPage(
      title: configuration.title, lease: lease, now: engine.clock.now(),
      here: isFolder ? "./" : "./\(exchange.door?.secret ?? "")/", button: Self.button, bill: bill,
      refusal: refused?.detail)
    var headers = refused?.headers ?? [:]
    headers[.contentSecurityPolicy] = PayPage.policy
    headers[.referrerPolicy] = "no-referrer"
    return .text(page.text, "text/html; charset=utf-8", refused?.status ?? .ok, headers: headers)
  }
}

extension Request {
  /// Whether whoever asks says that he reads pages, as browsers do and clients for programs do not.
  fileprivate var asksForHTML: Bool {
    headers[values: .accept].contains { line in
      line.split(separator: ",").contains { entry in
        let parts = entry.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
        guard parts.first == "text/html" else { return false }
        return !parts.dropFirst().contains { $0.hasPrefix("q=0") && !$0.contains { ("1"..."9").contains($0) } }
      }
    }
  }
}
