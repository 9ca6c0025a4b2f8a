import Units
import Wallets
import Wire

/// Why something was not done. No case carries a credential, a preimage or an invoice.
public enum ClientError: Error, Sendable {
  /// The server says no.
  case problem(ProblemDocument)
  /// The server wants to be paid, and nobody allowed that here.
  case paymentRequired(ProblemDocument)
  /// The invoice is not what was asked for; nothing was paid.
  case badChallenge(ChallengeFault)
  /// More than allowed; nothing was paid.
  case overBudget(BudgetRefusal)
  /// More than the caller's own limit; nothing was paid.
  case overLimit(asked: Millisatoshi, limit: Millisatoshi)
  /// Whoever was asked for leave gave none; nothing was paid.
  case notApproved(asked: Millisatoshi, PaymentRefusal)
  /// The wallet did not pay, or cannot say.
  case wallet(WalletError)
  /// What was to be bought could not be made, and the payee let the payment go back: why in its words, and as a code
  /// where it gives one.
  case notMade(code: String?, String)
  /// It was paid, and the server asks to be paid again. Nothing is paid twice; the payment's record is kept.
  case paidButRefused(paymentHash: String)
  /// No credential of this lease is known here.
  case noCredential(lease: String)
  /// No lease known here is called so.
  case unknownLease(String)
  case ambiguousLease(String, matches: [String])
  /// What is called so has ended.
  case leaseOver(name: String, lease: String)
  /// Another lease is called so.
  case nameTaken(String, lease: String)
  /// The lease is another server's: its credential is shown nowhere else.
  case otherServer(lease: String, server: String)
  /// No answer: the address, and what went wrong.
  case unreachable(String)
  /// An answer that is not as described.
  case unreadable(String)
  /// State on this machine could not be read or written.
  case state(String)
  /// A local file could not be read or written.
  case file(String)
  /// A command's stream ended without an exit code.
  case exec(String)
}

extension ClientError {
  /// The credential that was shown opens nothing any more, here or later.
  public var saysCredentialEnded: Bool {
    guard case .problem(let problem) = self, problem.status == 401 else { return false }
    return ["credential-revoked", "credential-retired", "credential-forged"].contains(problem.code)
  }
}

extension ClientError {
  /// Nothing will open this lease again: it is over, unknown to its server, or its credential has ended.
  public var isHopeless: Bool {
    switch self {
    case .noCredential, .unknownLease: true
    case .problem(let problem): problem.status == 404 || problem.status == 410 || saysCredentialEnded
    default: false
    }
  }
}

extension ClientError: CustomStringConvertible {
  /// One line for people.
  public var description: String {
    switch self {
    case .problem(let problem): Self.words(problem)
    case .paymentRequired(let problem):
      "payment required: " + (problem.amountMsat.map { "\(Self.sats(Millisatoshi($0))) " } ?? "")
        + (problem.purpose.map { "for a \($0)" } ?? "to go on")
        + (problem.lease.map { " of lease \($0)" } ?? "")
    case .badChallenge(let fault): "refused to pay: \(fault)"
    case .overBudget(.overPayment(let asked, let limit)):
      "over budget: \(Self.sats(asked)) asked, \(Self.sats(limit)) allowed for one payment; 'leasehold budget' changes it"
    case .overBudget(.overDay(let asked, let left, let limit)):
      "over budget: \(Self.sats(asked)) asked, \(Self.sats(left)) left of \(Self.sats(limit)) a day; 'leasehold budget' changes it"
    case .overLimit(let asked, let limit):
      "over the limit: \(Self.sats(asked)) asked, \(Self.sats(limit)) allowed"
    case .notApproved(let asked, .byPerson): "not paid: \(Self.sats(asked)) were asked"
    case .notApproved(let asked, .nobodyToAsk):
      "not paid: \(Self.sats(asked)) are asked and nobody is there to be asked; allow it with --yes, or with --max-sats "
        + "\(asked.satoshisRoundedUp) or more"
    case .wallet(.declined(let words)): "payment declined: \(words)"
    case .wallet(.unreachable(let words)): "the wallet was not reached, and nothing was paid: \(words)"
    case .wallet(.uncertain(let words)):
      "payment uncertain: \(words); run the same command again, nothing is paid twice"
    case .notMade(let code, let words):
      "it could not be made, and the payment went back: \(words)" + (code.map { " (\($0))" } ?? "")
    case .paidButRefused(let hash):
      "payment \(hash.prefix(16))… was made, but the server asks to be paid again; run the same command later"
    case .noCredential(let lease): "no credential for lease \(lease) on this machine"
    case .unknownLease("@last"): "no lease of this server is known here"
    case .unknownLease(let name): "no lease known here is called '\(name)', or begins or ends so"
    case .leaseOver(let name, let lease): "'\(name)' is lease \(lease), which is over; name the one you mean"
    case .nameTaken(let name, let lease):
      "lease \(lease) is called '\(name)'; 'leasehold name \(lease) --none' frees the name"
    case .otherServer(let lease, let server):
      "lease \(lease) is of \(server); its credential is shown to no other server"
    case .ambiguousLease(let name, let matches): "'\(name)' could be \(matches.joined(separator: " or "))"
    case .unreachable(let words): words
    case .unreadable(let words): "the server's answer is not as described: \(words)"
    case .state(let words), .file(let words), .exec(let words): words
    }
  }

  private static func words(_ problem: ProblemDocument) -> String {
    var text = problem.detail ?? problem.title
    if let field = problem.field { text = "\(field): \(text)" }
    return text + " (\(problem.status) \(problem.code))"
  }

  static func sats(_ amount: Millisatoshi) -> String {
    amount.count % 1_000 == 0 ? "\(amount.count / 1_000) sat" : "\(amount.count) msat"
  }
}
