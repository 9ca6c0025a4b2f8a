import L402
import Macaroons
import Units
import Wire

/// A request that costs money, from before its first sending until its answer is in hand.
///
/// Each fact is written down before it is acted on: the key before the request, the challenge before the payment, the
/// preimage before the request is repeated. Whoever finds the record after a crash goes on where it ends.
public struct Purchase: Hashable, Sendable, Codable {
  /// Its name here.
  public var id: String
  public var server: String
  /// Same server, route and body: the same thing was asked for.
  var fingerprint: String
  public var path: String
  var body: String
  var idempotencyKey: String
  public var startedAt: Timestamp
  /// The lease that exists already.
  public var lease: String?
  /// What its holder wants to call the lease that it buys.
  var name: String?
  var challenge: Asked?
  var preimage: String?

  struct Asked: Hashable, Sendable, Codable {
    var macaroon: String
    var invoice: String
    var paymentHash: String
    var amountMsat: Int64
    /// The name of the credential that was kept of the lease when this was asked for; nil where there was none.
    var kept: String?

    var sound: Macaroon {
      get throws(ClientError) {
        guard let macaroon = Macaroon(base64: macaroon) else { throw .state("a purchase's record is damaged") }
        return macaroon
      }
    }
  }

  /// A renewal that a door asked for has no request of its own to be repeated.
  static let doorPrefix = "door:"
  var isOfDoor: Bool { path.hasPrefix(Self.doorPrefix) }

  /// Set as soon as there is an invoice.
  public var paymentHash: String? { challenge?.paymentHash }
  public var amountMsat: Int64? { challenge?.amountMsat }
  /// The preimage is here.
  public var isPaid: Bool { preimage != nil }

  init(server: ServerAddress, path: String, body: [UInt8], lease: String?, at now: Instant) {
    id = Bytes32.random().hex.prefix(16).description
    self.server = server.description
    self.path = path
    self.body = String(decoding: body, as: UTF8.self)
    self.lease = lease
    fingerprint = Self.fingerprint(server, path, body)
    idempotencyKey = Bytes32.random().hex.prefix(32).description
    startedAt = Timestamp(now)
  }

  /// The disk lease that a purchase is to attach.
  var disk: String? {
    guard path == "/v1/leases" else { return nil }
    // A body that is no such request names no disk, and the server says what is wrong with it.
    return (try? JSON.decode(RentRequest.self, from: Array(body.utf8)))?.disk
  }

  static func fingerprint(_ server: ServerAddress, _ path: String, _ body: [UInt8]) -> String {
    let text = Array("\(server)\n\(path)\n".utf8) + body
    return text.withUnsafeBytes { Bytes32.sha256($0) }.hex
  }

  /// Begins anew: another key, for the old one stands for an invoice that can no longer be paid.
  mutating func startOver() {
    idempotencyKey = Bytes32.random().hex.prefix(32).description
    challenge = nil
    preimage = nil
  }

  var credential: Credential? {
    guard let challenge, let preimage else { return nil }
    return Macaroon(base64: challenge.macaroon).flatMap { macaroon in
      Preimage(hex: preimage).flatMap { Credential(macaroon: macaroon, preimage: $0) }
    }
  }
}

/// A purchase that nobody else is working on.
struct OpenPurchase: Sendable {
  var purchase: Purchase
  let lock: FileLock
}

extension StateDirectory {
  /// Purchases that were begun and not finished, by whomever.
  public func unfinishedPurchases(of server: ServerAddress) throws(ClientError) -> [Purchase] {
    var found: [Purchase] = []
    for name in try DurableFile.names(in: purchases) where name.hasSuffix(".json") {
      guard let purchase = try document(Purchase.self, at: purchases + "/" + name) else { continue }
      if purchase.server == server.description { found.append(purchase) }
    }
    return found
  }

  /// The purchase of the same thing that a process left behind when it died, or a new one. What a living process works
  /// on is left to it: asking for the same thing twice at once is asking for two.
  ///
  /// - Parameter adoptsRoute: what was left on the same route counts as the same thing, whatever its body.
  func beginPurchase(
    _ draft: Purchase, at server: ServerAddress, adoptsRoute: Bool = false
  ) throws(ClientError) -> OpenPurchase {
    for left in try unfinishedPurchases(of: server)
    where left.fingerprint == draft.fingerprint || adoptsRoute && left.path == draft.path {
      if let open = try adopt(left) { return open }
    }
    guard let lock = try FileLock.take(lockFile(of: draft), wait: false)
    else { throw .state("the new purchase's name is taken") }
    try save(draft)
    return OpenPurchase(purchase: draft, lock: lock)
  }

  /// Takes over a purchase whose process is gone; `nil` when it lives, or has finished meanwhile.
  func adopt(_ left: Purchase) throws(ClientError) -> OpenPurchase? {
    guard let lock = try FileLock.take(lockFile(of: left), wait: false) else { return nil }
    // What was read before the lock may be old.
    guard let now = try document(Purchase.self, at: file(of: left)) else {
      try DurableFile.remove(lockFile(of: left))
      return nil
    }
    return OpenPurchase(purchase: now, lock: lock)
  }

  func save(_ purchase: Purchase) throws(ClientError) {
    try DurableFile.write(JSON.encode(purchase), to: file(of: purchase))
  }

  func finish(_ open: OpenPurchase) throws(ClientError) {
    try DurableFile.remove(file(of: open.purchase))
    try DurableFile.remove(lockFile(of: open.purchase))
  }

  private func file(of purchase: Purchase) -> String { "\(purchases)/\(purchase.id).json" }
  private func lockFile(of purchase: Purchase) -> String { "\(purchases)/.\(purchase.id).lock" }
}
