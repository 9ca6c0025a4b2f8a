import Units

/// The engine's own limits. Defaults suit one machine.
public struct Settings: Sendable {
  /// Names this daemon among those on the same database.
  public var daemon: String
  /// BOLT11 prefix every invoice must bear; checked before a renter sees one.
  public var network: String
  /// Challenges minted for one client address (/32, /48) in a minute, and for all together.
  public var mintsPerMinutePerClient: Int = 60
  public var mintsPerMinute: Int = 1_200
  /// Unrevoked credentials of one lease: whoever may lend could otherwise fill the database.
  public var tokensPerLease: Int = 10_000
  /// Unpaid quotes may hold at most this share of a pool, and one client at most so many.
  public var unpaidShare: Double = 0.5
  public var unpaidHoldsPerClient: Int = 2
  /// Purchases whose payments may be held at once, or be about to be: each takes one of a channel's few HTLC slots
  /// until it is decided. Beyond it invoices are ordinary ones, and a failure gives credit. 0: nothing is ever held.
  public var heldPayments: Int = 100
  public var payouts = Payouts()
  public var batch: Int = 500
  public var effectsAtOnce: Int = 16
  /// A claim on an effect lasts so long unless renewed.
  public var claim: Seconds = 15
  /// A door waits so long for a lease that is being made or thawed.
  public var patience: Seconds = 30
  /// A resource nobody knows is destroyed only after so long.
  public var orphanGrace: Seconds = 60
  /// No daemon's heartbeat for so long is an outage.
  public var outageAfter: Seconds = 30
  public var breakerWindow: Seconds = 60
  /// While the node does not answer nobody can pay, and nobody is suspended for it; at most for so long, counted by each
  /// daemon from the first call that failed. Afterwards time counts again.
  public var nodeOutage: Seconds = 600
  /// How far rates are believed, for each currency that offers are priced in and that has a source.
  public var exchangeRates: [Currency: ExchangeRateLimits] = [:]
  /// While a currency has no rate nobody can renew in it, and nobody is suspended for it; at most for so long.
  public var exchangeRateOutage: Seconds = .day
  public var breakerLeases: Int = 50
  public var breakerShare: Double = 0.2

  /// Credit that goes out through the node.
  public struct Payouts: Sendable {
    public var enabled = true
    /// One payout, and all of a day, fee budgets included.
    public var maxEach = Millisatoshi(satoshis: 1_000_000)
    public var maxPerDay = Millisatoshi(satoshis: 5_000_000)

    public init() {}
  }

  public init(daemon: String, network: String) {
    self.daemon = daemon
    self.network = network
  }
}
