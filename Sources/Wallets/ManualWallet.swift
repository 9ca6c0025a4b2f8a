import BOLT11
import Units

/// Shows an invoice to a person, who pays it from a wallet of their own; the preimage then comes from the payee.
public struct ManualWallet: Wallet {
  /// Shows the invoice, and waits until the payee says that it was paid: 32 bytes of preimage, or `nil` when nobody paid
  /// in time.
  public typealias Ask = @Sendable (_ invoice: Invoice) async throws -> [UInt8]?

  private let ask: Ask

  public init(ask: @escaping Ask) {
    self.ask = ask
  }

  public var name: String { "manual" }
  /// What the person's own wallet costs is not ours to count.
  public var routes: Bool { false }

  public func pay(_ invoice: Invoice, maxFee: Millisatoshi) async throws(WalletError) -> Payment {
    let preimage: [UInt8]?
    do {
      preimage = try await ask(invoice)
    } catch {
      throw .uncertain("nobody can say whether the invoice was paid")
    }
    guard let preimage else { throw .declined("the invoice was not paid in time") }
    return Payment(preimage: preimage)
  }

  /// Always `unknown`: only the payee can tell, and is asked first; the same invoice is shown again.
  public func outcome(of invoice: Invoice) async throws(WalletError) -> PaymentOutcome { .unknown }
}
