import BOLT11
import FoundationEssentials
import Units

/// Pays the invoices of a server's embedded node through its own `POST /dev/pay`. The money is play money; invoices and
/// preimages are real.
public struct EmbeddedWallet: Wallet {
  /// Sends a JSON body to a path of the server, and gives back status and body. The room that knows HTTP brings it.
  public typealias Post = @Sendable (_ path: String, _ json: [UInt8]) async throws -> (status: Int, body: [UInt8])

  private let post: Post

  public init(post: @escaping Post) {
    self.post = post
  }

  public var name: String { "embedded" }
  public var routes: Bool { false }

  private struct Request: Encodable { var invoice: String }
  private struct Paid: Decodable { var preimage: String }
  private struct Problem: Decodable {
    var code: String?
    var title: String?
    var detail: String?
  }

  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment {
    let status: Int
    let body: [UInt8]
    do {
      let json = try JSONEncoder().encode(Request(invoice: invoice.text))
      (status, body) = try await post("/dev/pay", Array(json))
    } catch {
      throw .uncertain("the embedded node was not reached")
    }
    guard status == 200 else { throw Self.refusal(status, body) }
    // A body that is not as described is told below, whatever the reason.
    guard let paid = try? JSONDecoder().decode(Paid.self, from: Data(body)), let preimage = Self.bytes(paid.preimage)
    else { throw .uncertain("the embedded node's answer carries no preimage") }
    return Payment(preimage: preimage, fee: .zero)
  }

  /// Always `unknown`: the node answers a repetition with the same preimage, so that asking again is safe.
  public func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome { .unknown }

  private static func refusal(_ status: Int, _ body: [UInt8]) -> WalletError {
    // Whatever answers need not speak in problems; the status then says enough.
    let problem = try? JSONDecoder().decode(Problem.self, from: Data(body))
    let words = problem.flatMap { $0.detail ?? $0.title } ?? "the embedded node answered \(status)"
    if status == 404, problem?.code != "unknown-invoice" {
      return .declined("this server has no embedded node; name a wallet of your own (leasehold wallet --help)")
    }
    return (400..<500).contains(status) ? .declined(words) : .uncertain(words)
  }

  private static func bytes(_ hex: String) -> [UInt8]? {
    let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == 64, hex.utf8.count == 64 else { return nil }
    return stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
