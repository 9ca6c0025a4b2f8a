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
}

extension StateDirectory {
  /// The key that a dead process left behind for the same request, or a new one. Kept before it is sent.
  ///
  /// The caller is alone with what the request is about, for as long as the wish is open.
  func beginWish(at server: ServerAddress, path: String, _ body: [UInt8]) throws(ClientError) -> Wish {
    let fingerprint = Purchase.fingerprint(server, path, body)
    if let left = try document(Wish.self, at: file(of: fingerprint)) { return left }
    let wish = Wish(fingerprint: fingerprint, key: Bytes32.random().hex.prefix(32).description)
    try DurableFile.write(JSON.encode(wish), to: file(of: fingerprint))
    return wish
  }

  func finish(_ wish: Wish) throws(ClientError) {
    try DurableFile.remove(file(of: wish.fingerprint))
  }

  private func file(of fingerprint: String) -> String { "\(wishes)/\(fingerprint).json" }
}
