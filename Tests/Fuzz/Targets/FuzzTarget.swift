/// What can be fed with any bytes: a reader of things that strangers send, and what must hold of whatever it accepts.
///
/// `scripts/fuzz` drives them with libFuzzer; `FuzzTests` gives them every file of `Tests/Fuzz/Corpus` in every test run.
/// A property that does not hold is a trap, which is what a fuzzer looks for.
public enum FuzzTarget: String, CaseIterable, Sendable {
  /// All formats of a macaroon.
  case macaroon
  /// `Authorization` lines, and the credential in them.
  case authorization
  /// `WWW-Authenticate` lines.
  case challenge
  /// Caveats, one a line, behind the minted four.
  case caveat
  /// Invoices, and invoices whose checksum is made right.
  case bolt11
  case bech32
  /// What stands in paths, queries, headers and bodies of requests.
  case request
  /// Numbers: all that is reckoned with them, and how they travel to the database.
  case number

  public func run(_ input: [UInt8]) {
    switch self {
    case .macaroon: MacaroonProperties.check(input)
    case .authorization: AuthorizationProperties.check(input)
    case .challenge: ChallengeProperties.check(input)
    case .caveat: CaveatProperties.check(input)
    case .bolt11: InvoiceProperties.check(input)
    case .bech32: Bech32Properties.check(input)
    case .request: RequestProperties.check(input)
    case .number: NumberProperties.check(input)
    }
  }
}

/// What a reader makes of its input: nil where it refuses, which is always an answer.
func read<Value, Failure: Error>(_ reader: () throws(Failure) -> Value) -> Value? {
  do throws(Failure) { return try reader() } catch { return nil }
}
