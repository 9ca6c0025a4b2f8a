import L402
import Leasing
import Ledger
import Macaroons
import Units

/// Opens and seals what the books keep of contacts: the one place where a contact's place is in clear.
struct ContactBook: Sendable {
  let messengers: [ContactRecord.Channel: any Messenger]
  let keys: KeyEpochs

  init(_ messengers: [any Messenger], keys: KeyEpochs) {
    self.messengers = Dictionary(messengers.map { ($0.channel, $0) }) { first, _ in first }
    self.keys = keys
  }

  /// A place, and where links to us begin, as whoever named it found us.
  struct Opened: Hashable, Sendable {
    var place: ContactPlace
    var base: String
  }

  private static let separator = UInt8(ascii: "\n")

  /// The two as they are sealed: lines, of which none can hold another.
  private static func text(_ opened: Opened) -> [UInt8] {
    let lines = [opened.base, opened.place.address] + opened.place.relays
    precondition(lines.allSatisfy { !$0.utf8.contains(separator) }, "a place is without control characters")
    return Array(lines.joined(separator: "\n").utf8)
  }

  /// What tells a place from others of its lease.
  static func name(of place: ContactPlace, _ channel: ContactRecord.Channel) -> [UInt8] {
    Array(([channel.rawValue, place.address] + place.relays).joined(separator: "\n").utf8)
  }

  func sealed(_ opened: Opened, as token: TokenID) -> [UInt8] {
    keys.keyring.seal(Self.text(opened), as: Self.label(of: token))
  }

  private static func label(of token: TokenID) -> String { "contact/\(token.hex)" }

  /// `nil` where the key it was sealed with is no longer there.
  func open(_ contact: ContactRecord) -> Opened? {
    guard let bytes = keys.keyring.open(contact.sealed, as: Self.label(of: contact.token)) else { return nil }
    let lines = String(decoding: bytes, as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(String.init(_:))
    guard lines.count >= 2 else { return nil }
    return Opened(place: ContactPlace(address: lines[1], relays: Array(lines[2...])), base: lines[0])
  }

  /// The pay-only address of a contact; empty where its epoch is retired: it leads nowhere then.
  func payAt(_ contact: ContactRecord, base: String) -> String? {
    do {
      return "\(base)/d/\(try keys.keyring.address(of: contact.token))/"
    } catch {
      return nil
    }
  }

  /// Where its owner confirms it and ends it.
  func settingsAt(_ contact: ContactRecord, base: String) -> String? {
    guard contact.codeHash != nil else { return nil }
    do {
      return "\(base)/n/\(try keys.keyring.code(ofContact: contact.token))"
    } catch {
      return nil
    }
  }
}

/// A contact as its owner sees it.
public struct ContactView: Hashable, Sendable {
  public var contact: ContactRecord
  /// Enough to know it by; `nil` where the key it was sealed with is no longer there.
  public var masked: String?
  /// What its messages are signed with; only in the answer to who named it.
  public var signingKey: Bytes32?

  /// As receivers of webhooks take it (Standard Webhooks).
  public var secret: String? {
    guard contact.channel == .webhook, let signingKey else { return nil }
    return "whsec_" + Base64.encode(signingKey.array)
  }
}
