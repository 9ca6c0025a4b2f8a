import L402
import Ledger
import Units

/// A renter's leave to ask a wallet for renewals.
public struct WalletGrant: Hashable, Sendable {
  public var lease: LeaseID
  /// Where the wallet is asked, and with what; see `MasterKeyring.seal`.
  public var sealed: [UInt8]
  public var budget: WalletBudget
  public var createdAt: Instant

  public init(lease: LeaseID, sealed: [UInt8], budget: WalletBudget, createdAt: Instant) {
    self.lease = lease
    self.sealed = sealed
    self.budget = budget
    self.createdAt = createdAt
  }

  /// What the renter has handed over, which is a secret; `nil`: it was sealed with other keys.
  public func uri(with keyring: MasterKeyring) -> String? {
    keyring.open(sealed, as: Self.name(lease)).map { String(decoding: $0, as: UTF8.self) }
  }

  /// As what it is sealed.
  static func name(_ lease: LeaseID) -> String { "wallet/\(lease)" }
}

/// What a wallet may be asked for, by the renter.
public struct WalletBudget: Hashable, Sendable {
  /// In any span of ``every``, where what is asked for a little early counts when it is allowed.
  public var amount: Millisatoshi
  public var every: Seconds
  /// Since the grant was given; `nil`: no bound in all.
  public var total: Millisatoshi?

  public init(_ amount: Millisatoshi, every: Seconds, total: Millisatoshi? = nil) {
    self.amount = amount
    self.every = every
    self.total = total
  }
}

/// An invoice that a wallet was asked to pay.
public struct WalletPull: Hashable, Sendable {
  public var paymentHash: PaymentHash
  public var lease: LeaseID
  public var amount: Millisatoshi
  public var askedAt: Instant
  /// When it counts against the budget: when it was asked for, or later where the budget allows it no sooner.
  public var countsAt: Instant
  /// The effect that had it asked last, by its key.
  public var turn: String
  public var requests: Int
  /// The wallet positively sent nothing, or never heard of it; `nil`: it may have.
  public var refused: String?

  public init(
    paymentHash: PaymentHash, lease: LeaseID, amount: Millisatoshi, askedAt: Instant, countsAt: Instant, turn: String,
    requests: Int = 1, refused: String? = nil
  ) {
    self.paymentHash = paymentHash
    self.lease = lease
    self.amount = amount
    self.askedAt = askedAt
    self.countsAt = countsAt
    self.turn = turn
    self.requests = requests
    self.refused = refused
  }
}

/// What counts against the budget of a grant: what was paid, and what may still be.
public struct PulledAmount: Hashable, Sendable {
  public var askedAt: Instant
  /// See ``WalletPull/countsAt``.
  public var countsAt: Instant
  public var amount: Millisatoshi

  public init(askedAt: Instant, countsAt: Instant, amount: Millisatoshi) {
    self.askedAt = askedAt
    self.countsAt = countsAt
    self.amount = amount
  }
}
