import BOLT11
import Units

/// Why a call to a node gave no answer that can be used.
///
/// ``words`` are the node's own where it gave some, without anything that looks like a secret (``plain(_:hiding:)``).
public struct RPCError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// There was no connection: the node has not heard of the call.
    case notSent
    /// It may have been heard, but no whole answer came: what was asked for may or may not have been done.
    case lost
    /// The node answered that it will not. The code is its own: of JSON-RPC with Core Lightning, of gRPC with LND, the
    /// HTTP status with the others.
    case refused(code: Int)
    /// It answered something that makes no sense; what was asked for may or may not have been done.
    case garbage
  }

  public var kind: Kind
  /// What was asked, in words: `createinvoice`.
  public var attempted: String
  public var words: String

  public init(_ kind: Kind, attempted: String, words: String) {
    self.kind = kind
    self.attempted = attempted
    self.words = words
  }

  public var description: String { "\(attempted): \(words)" }

  /// The code of a refusal.
  public var code: Int? { if case .refused(let code) = kind { code } else { nil } }

  /// Whether the node certainly did not do what was asked for.
  public var isCertainlyUndone: Bool {
    switch kind {
    case .notSent, .refused: true
    case .lost, .garbage: false
    }
  }

  /// The same of a look at what was ordered before it: that this question was not sent says nothing about the order.
  public var afterAnOrder: RPCError {
    var error = self
    if error.kind == .notSent { error.kind = .lost }
    return error
  }

  /// Words fit for a log: one line, at most 200 characters, known secrets and everything that could be one taken out.
  ///
  /// Nodes quote what they refuse, and that may be a preimage. Keys, preimages, macaroons, runes and invoices are all
  /// long runs of letters and digits; no word of a language is.
  public static func plain(_ words: String, hiding secrets: [NodeSecret] = []) -> String {
    var text = words
    for secret in secrets where !secret.text.isEmpty {
      text = text.split(separator: secret.text, omittingEmptySubsequences: false).joined(separator: "…")
    }
    var plain = ""
    var run = ""
    func close() {
      plain += run.unicodeScalars.count >= 32 ? "…" : run
      run = ""
    }
    for scalar in text.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "+", "/", "_", "-", "=": run.unicodeScalars.append(scalar)
      default:
        close()
        plain.unicodeScalars.append(scalar.value < 32 || scalar.value == 127 ? " " : scalar)
      }
    }
    close()
    return plain.count <= 200 ? plain : plain.prefix(199) + "…"
  }
}

/// What became of a payment of ours.
public enum OutgoingPayment: Hashable, Sendable {
  /// Under way: it may still be made.
  case pending
  /// The preimage is 32 bytes, and not yet held against the payment hash.
  case paid(preimage: [UInt8], fee: Millisatoshi)
  /// No part of it is or will be paid.
  case failed(reason: String)
}

/// How long a node may take, and how much it may say.
public struct RPCLimits: Sendable {
  public var connect: Seconds
  /// For a whole answer.
  public var answer: Seconds
  /// For a payment's outcome; what takes longer is looked up.
  public var payment: Seconds
  /// For one answer, or one message of a stream.
  public var answerBytes: Int

  public init(
    connect: Seconds = 5, answer: Seconds = 15, payment: Seconds = 60, answerBytes: Int = 4 << 20
  ) {
    self.connect = connect
    self.answer = answer
    self.payment = payment
    self.answerBytes = answerBytes
  }
}
