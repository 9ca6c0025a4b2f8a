import L402
import Leasing
import Ledger
import Macaroons
import Units

/// A way of reaching a renter where he asked to be told (a notification channel). What he names is a stranger's: it may be
/// slow, endless, lying, or a machine of the provider's own.
public protocol Messenger: Sendable {
  var channel: ContactRecord.Channel { get }
  /// Whether its owner is asked first whether it may be used.
  var asksFirst: Bool { get }
  /// The place, checked as far as that can be done without asking anybody.
  func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace
  /// Enough of it for its owner to know it by, and not enough to use it.
  func masked(_ place: ContactPlace) -> String
  /// Whose machine it is, as far as can be seen: so many are spoken to at once.
  func site(of place: ContactPlace) -> String
  /// Delivered at least once; ``Message/id`` is the same each time. It gives up by itself within twenty seconds.
  func deliver(_ message: Message, to place: ContactPlace, signedWith key: Bytes32) async throws(DeliveryFault)
}

/// Where a renter asks to be told.
public struct ContactWish: Hashable, Sendable {
  public var channel: ContactRecord.Channel
  /// An address of the channel's: `https://…`, `somebody@example.com`, `npub1…`.
  public var address: String
  /// Nostr only: `wss://…`.
  public var relays: [String]
  /// Whether messages have the invoice itself in them.
  public var wantsInvoice: Bool

  public init(
    channel: ContactRecord.Channel, address: String, relays: [String] = [], wantsInvoice: Bool = false
  ) {
    self.channel = channel
    self.address = address
    self.relays = relays
    self.wantsInvoice = wantsInvoice
  }
}

/// Where a renter is told, in the form that the channel has checked. A renter's secret: in no log, and sealed in the books.
public struct ContactPlace: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  /// In the one spelling of it, without control characters.
  public var address: String
  public var relays: [String]

  public init(address: String, relays: [String] = []) {
    self.address = address
    self.relays = relays
  }

  public var description: String { "ContactPlace" }
  public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Why nothing can be sent to an address: what is wrong with it, in words for its owner.
public struct ContactFault: Error, Hashable, Sendable {
  public var words: String
  public init(_ words: String) { self.words = words }
}

/// Why a message did not arrive. The words name neither the place nor anything secret of it.
public struct DeliveryFault: Error, Hashable, Sendable {
  public var words: String
  /// Trying again does not help: whoever is there has said so, or nothing may be sent there.
  public var isFinal: Bool

  public init(_ words: String, isFinal: Bool = false) {
    self.words = words
    self.isFinal = isFinal
  }
}

/// What is sent to a contact.
public struct Message: Hashable, Sendable {
  public enum Content: Hashable, Sendable {
    case notice(Notice)
    /// Whether the contact may be used. Nothing else is sent until it was confirmed.
    case question
  }

  /// The same for every attempt, and another for every contact: `msg_` and 32 hexadecimal digits.
  public var id: String
  public var content: Content
  public var lease: LeaseID
  public var offer: String
  /// When it was announced.
  public var announcedAt: Instant
  /// The time of this attempt.
  public var at: Instant
  /// Where more time can be bought: a pay-only address of the lease, which mints the invoice when it is asked. `nil` where
  /// paying does not help.
  public var payAt: String?
  /// Where the contact is confirmed, and where it is ended; `nil` for channels that do not ask.
  public var settingsAt: String?
  /// What can be paid at once, for a contact that wants it in the message.
  public var invoice: MessageInvoice?

  public init(
    id: String, content: Content, lease: LeaseID, offer: String, announcedAt: Instant, at: Instant, payAt: String?,
    settingsAt: String?, invoice: MessageInvoice? = nil
  ) {
    self.id = id
    self.content = content
    self.lease = lease
    self.offer = offer
    self.announcedAt = announcedAt
    self.at = at
    self.payAt = payAt
    self.settingsAt = settingsAt
    self.invoice = invoice
  }
}

/// An invoice in a message: whoever pays it is given nothing, and the lease has what it buys.
public struct MessageInvoice: Hashable, Sendable {
  /// As wallets take it.
  public var bolt11: String
  public var amount: Millisatoshi
  /// Not to be paid after it; the message's link mints another then.
  public var expiresAt: Instant

  public init(bolt11: String, amount: Millisatoshi, expiresAt: Instant) {
    self.bolt11 = bolt11
    self.amount = amount
    self.expiresAt = expiresAt
  }
}
