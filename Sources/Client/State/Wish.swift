import L402
import Macaroons
import Units
import Wire

/// A request under an idempotency key of which no answer is in hand yet, and that costs nothing new: whoever asks for
/// the same after a crash sends the same key.
struct Wish: Hashable, Sendable, Codable {
  /// Same server, route and body.
  var fingerprint: String
  var key: String
  /// When it was answered, where that is remembered: the same asked again is then told the same.
  var doneAt: Timestamp?
}

extension StateDirectory {
  /// The key that a dead process left behind for the same request, or a new one. Kept before it is sent.
  ///
  /// The caller is alone with what the request is about, for as long as the wish is open.
  func beginWish(at server: ServerAddress, path: String, _ body: [UInt8]) throws(ClientError) -> Wish {
    let fingerprint = Purchase.fingerprint(server, path, body)
    if let left = try document(Wish.self, at: wishFile(of: fingerprint)) { return left }
    let wish = Wish(fingerprint: fingerprint, key: Bytes32.random().hex.prefix(32).description)
    try DurableFile.write(JSON.encode(wish), to: wishFile(of: fingerprint))
    return wish
  }

  func hasWish(at server: ServerAddress, path: String, _ body: [UInt8]) throws(ClientError) -> Bool {
    try document(Wish.self, at: wishFile(of: Purchase.fingerprint(server, path, body))) != nil
  }

  func finish(_ wish: Wish) throws(ClientError) {
    try DurableFile.remove(wishFile(of: wish.fingerprint))
  }

  /// Remembers that it was answered, so that whoever asks for the same again asks under the same key.
  func complete(_ wish: Wish, at now: Instant) throws(ClientError) {
    guard wish.doneAt == nil else { return }
    var wish = wish
    wish.doneAt = Timestamp(now)
    try DurableFile.write(JSON.encode(wish), to: wishFile(of: wish.fingerprint))
  }

  private func wishFile(of fingerprint: String) -> String { "\(wishes)/\(fingerprint).json" }
}
