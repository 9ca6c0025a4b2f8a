import Leasing

extension EventRecord {
  /// What happened, in the word of `explain` and of the event table.
  public enum Name: Hashable, Sendable {
    case event(Event.Name)
    /// The lease began.
    case quoted
    /// The renter is to be told something.
    case notice
    /// What the renter was to be told did not arrive at one of the lease's contacts.
    case undelivered
    /// What did not arrive is sent again by the operator.
    case resent
    /// A lease whose row was lost was made again.
    case lost
    /// Written by a release that had other words than this one: shown as it stands.
    case other(String)

    /// Those of this release.
    public static let known: [Name] =
      Event.Name.allCases.map { .event($0) } + [.quoted, .notice, .undelivered, .resent, .lost]

    public init(_ word: String) {
      self =
        switch word {
        case "quoted": .quoted
        case "notice": .notice
        case "undelivered": .undelivered
        case "resent": .resent
        case "lost": .lost
        default: Event.Name(rawValue: word).map { .event($0) } ?? .other(word)
        }
    }

    public var word: String {
      switch self {
      case .event(let name): name.rawValue
      case .quoted: "quoted"
      case .notice: "notice"
      case .undelivered: "undelivered"
      case .resent: "resent"
      case .lost: "lost"
      case .other(let word): word
      }
    }
  }

  /// What the renter's feed calls it: fewer words than `explain` has, and they stay.
  public enum FeedName: String, Hashable, Sendable, CaseIterable {
    case quoted, paid, provisioned, notice, undelivered, suspended, resumed, reclaimed, closed, failed
  }

  /// What kind of thing caused it.
  public enum CauseType: String, Hashable, Sendable, CaseIterable {
    case request, timer, payment, effect, `operator`, meter, payout, offer, credential, reconciler
  }
}
