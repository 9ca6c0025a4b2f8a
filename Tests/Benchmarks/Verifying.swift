import COpenSSL
import Glibc
import L402
import Macaroons
import Synchronization

/// Macaroons against the bare chain of HMACs over the same bytes: nobody can do it with less hashing. Counted by
/// the thread's own processor time, so that figures are for one core, whatever else runs.
enum Verifying {
  static func measure(_ world: World) async throws -> [Figure] {
    let rootKey = Bytes32.random()
    let key = MacaroonKey(rootKey: rootKey)
    let identifier = Identifier(paymentHash: Preimage.random().paymentHash, token: TokenID(epoch: 1)).bytes
    let caveats = [
      "leasehold_capabilities=read,write", "leasehold_lease=0198f0a0-0000-7000-8000-000000000000",
      "leasehold_valid_until=1999999999",
    ].map { Array($0.utf8) }
    let macaroon = Macaroon(location: "leasehold", identifier: identifier, caveats: caveats, key: key)
    let wire = macaroon.wire
    let parts = [identifier] + caveats
    let chain: () async throws -> Double = { perSecond(world.seconds) { bareChain(rootKey, parts) } }

    let short = try await alternating(
      world.rounds, chain,
      [
        { try perSecond(world.seconds) { try Macaroon(v2: wire).verify(MacaroonKey(rootKey: rootKey)) } },
        {
          perSecond(world.seconds) {
            _ = Macaroon(
              location: "leasehold", identifier: identifier, caveats: caveats, key: MacaroonKey(rootKey: rootKey))
          }
        },
      ])
    let bytes = "\(wire.count) bytes"
    return [
      Figure(
        "verify, 3 caveats, from the wire", against: "raw SHA-256 contexts", unit: "/s", ours: short[1],
        theirs: short[0], note: "a second of one core, \(bytes)"),
      Figure(
        "mint, 3 caveats", against: "raw SHA-256 contexts", unit: "/s", ours: short[2], theirs: short[0],
        note: "a second of one core, \(bytes)"),
      try await wholeCheck(world),
    ]
  }

  /// Header parsed, preimage, revocation, derived key, chain, and every caveat read: what a door asks of a request.
  private static func wholeCheck(_ world: World) async throws -> Figure {
    let ring = MasterKeyring(key: .random())
    let preimage = Preimage.random()
    let token = ring.newToken()
    let macaroon = try ring.mint(
      paymentHash: preimage.paymentHash, token: token,
      caveats: MintedCaveats(
        capabilities: .all, lease: "0198f0a0-0000-7000-8000-000000000000", validUntil: 1_999_999_999))
    let header = [try PresentedCredential(macaroon: macaroon, preimage: preimage).authorization]
    let revoked = Mutex(Set((0..<10_000).map { _ in TokenID(epoch: 1) }))
    let rootKey = Bytes32.random()
    let parts = [Array(macaroon.identifier)] + macaroon.caveats.map { Array($0.identifier) }
    let measured = try await alternating(
      world.rounds, { perSecond(world.seconds) { bareChain(rootKey, parts) } },
      [
        {
          try perSecond(world.seconds) {
            guard let shown = try PresentedCredential.parse(authorization: header) else {
              throw BenchFault("the header was not read")
            }
            _ = try shown.verified(by: ring, at: 1_900_000_000) { id in revoked.withLock { $0.contains(id) } }
          }
        }
      ])
    return Figure(
      "whole check of a request's credential", against: "raw SHA-256 contexts, chain only", unit: "/s",
      ours: measured[1], theirs: measured[0],
      note: "a second of one core; 4 caveats, header, preimage, 10,000 revoked, HKDF")
  }

  /// Generator, identifier, and a link for each caveat, with contexts as libcrypto's own HMAC would use them.
  private static func bareChain(_ rootKey: Bytes32, _ parts: [[UInt8]]) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Bytes32.count) { signature in
      let name: StaticString = "macaroons-key-generator"
      signature.initialize(repeating: 0)
      for index in 0..<name.utf8CodeUnitCount { signature[index] = name.utf8Start[index] }
      rootKey.withUnsafeBytes { rawLink(signature, $0) }
      for part in parts {
        part.withUnsafeBytes { rawLink(signature, $0) }
      }
    }
  }

  /// `signature = HMAC(signature, message)`.
  private static func rawLink(_ signature: UnsafeMutableBufferPointer<UInt8>, _ message: UnsafeRawBufferPointer) {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 64) { pad in
      var context = SHA256_CTX()
      pad.initialize(repeating: 0x36)
      for index in 0..<Bytes32.count { pad[index] ^= signature[index] }
      SHA256_Init(&context)
      SHA256_Update(&context, pad.baseAddress, pad.count)
      SHA256_Update(&context, message.baseAddress, message.count)
      var outer = SHA256_CTX()
      for index in pad.indices { pad[index] ^= 0x36 ^ 0x5c }
      SHA256_Final(signature.baseAddress, &context)
      SHA256_Init(&outer)
      SHA256_Update(&outer, pad.baseAddress, pad.count)
      SHA256_Update(&outer, signature.baseAddress, signature.count)
      SHA256_Final(signature.baseAddress, &outer)
    }
  }

  /// How often in a second of this thread's processor time.
  private static func perSecond(_ seconds: Double, _ body: () throws -> Void) rethrows -> Double {
    // Between two looks at the clock: about a millisecond.
    let batch = 500
    for _ in 0..<batch { try body() }
    var done = 0
    let start = processorTime()
    var spent = 0.0
    repeat {
      for _ in 0..<batch { try body() }
      done += batch
      spent = processorTime() - start
    } while spent < seconds
    return Double(done) / spent
  }

  private static func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
