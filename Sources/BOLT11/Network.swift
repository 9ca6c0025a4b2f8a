/// The chain an invoice is for; its raw value is the prefix that follows `ln` (BOLT 11, "Human-Readable Part").
public enum Network: String, Hashable, Sendable, CaseIterable, Codable {
  /// Real money.
  case mainnet = "bc"
  case testnet = "tb"
  case signet = "tbs"
  /// A private chain made for testing. The embedded node's invoices are of it, so that nobody mistakes them for money.
  case regtest = "bcrt"
}
