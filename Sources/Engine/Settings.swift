import Units

/// The engine's own limits. Defaults suit one machine.
public struct Settings: Sendable {
  /// Names this daemon among those on the same database.
  public var daemon: String
  /// When the configuration that offers come from was written; `nil`: not known. Of two daemons that sell one offer at
  /// different terms, those of the newer configuration are announced.
  public var configurationWrittenAt: Instant?
  /// BOLT11 prefix every invoice must bear; checked before a renter sees one.
  public var network: String
  /// Challenges minted for one client address (/32, /48) in a minute, and for all together.
  public var mintsPerMinutePerClient: Int = 60
  public var mintsPerMinute: Int = 1_200
  /// Renewals and changes minted in a minute for holders who showed their credentials: for one lease, and for all leases
  /// together. Strangers do not touch them, nor they what strangers have.
  public var renewalsPerMinutePerLease: Int = 20
  public var renewalsPerMinute: Int = 6_000
  /// Unrevoked credentials lent from one credential: whoever may lend could otherwise fill the database.
  public var loansPerCredential: Int = 1_000
  /// Those that were lent on, by all holders of narrowed credentials of a lease together. Never counted against who
  /// holds the lease's own.
  public var subloansPerLease: Int = 10_000
  /// Unpaid quotes may reserve at most this share of a pool, and one client at most so many.
  public var unpaidShare: Double = 0.5
  public var unpaidAllocationsPerClient: Int = 2
  /// Purchases whose payments may be held at once: each takes one of a channel's few HTLC slots until it is decided.
  /// Beyond it invoices are ordinary ones, and a failure gives credit. 0: nothing is ever held. Unpaid invoices of this
  /// kind do not count, but a client may have four times ``unpaidAllocationsPerClient`` of them, and all together ten times
  /// this many.
  public var heldPayments: Int = 100
  /// How long a place that became free is held for who waited for it, and how long an entry of the waitlist waits.
  public var placeHeld: Seconds = .minute * 10
  public var waitlistLasts: Seconds = .day * 7
  /// Entries that wait for one offer, and of one client in all. Places that a client let lapse count for a day, so that
  /// nobody keeps room from others by joining again and again.
  public var waitlistPerOffer: Int = 1_000
  public var waitlistPerClient: Int = 3
  public var payouts = Payouts()
  public var pulls = Pulls()
  public var batch: Int = 500
  public var effectsAtOnce: Int = 16
  /// So many more may be under way that have taken over a minute, in each lane.
  public var slowEffectsAtOnce: Int = 256
  /// A claim on an effect lasts so long unless renewed.
  public var claim: Seconds = 15
  /// A door waits so long for a lease that is being made or thawed.
  public var patience: Seconds = 30
  /// A request that showed its payment may be repeated for so long, and is answered as it was: its answer may have been
  /// lost.
  public var repetition: Seconds = .minute
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
    /// One payout, fee budget included.
    public var maxEach = Millisatoshi(satoshis: 1_000_000)
    /// All of a day, by what goes out more than comes in.
    public var maxPerDay = Millisatoshi(satoshis: 5_000_000)
    /// What one lease may take of that.
    public var leasePercent: Int64 = 20
    /// What is no more than this is small: a tenth of the day is kept for such, and a lease may always have one.
    public var small = Millisatoshi(satoshis: 10_000)
    /// Payouts that are neither paid nor failed, at once: each takes one of a channel's few HTLC slots, and its payee
    /// decides for how long.
    public var maxPending = 50

    public init() {}
  }

  /// What renters' wallets are asked for.
  public struct Pulls: Sendable {
    /// For one lease in a day, whatever its renter allows.
    public var maxPerDay = Millisatoshi(satoshis: 10_000_000)
    /// Requests under way at once, of all leases: each waits for a wallet as long as half a minute.
    public var atOnce = 128

    public init() {}
  }

  public init(daemon: String, network: String) {
    self.daemon = daemon
    self.network = network
  }
}

extension Settings {
  /// How many open invoices are waited for at the node, at the most.
  var watchedHolds: Int { heldPayments * 10 }

  /// Whether another purchase's payment may be held beside these.
  func mayHold(_ holds: HoldCounts) -> Bool {
    holds.accepted < heldPayments && holds.open < watchedHolds
      && holds.openOfClient < 4 * max(1, unpaidAllocationsPerClient)
  }
}
