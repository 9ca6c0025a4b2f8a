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

  /// The same for every macaroon, so its blocks are hashed beforehand, as ours are.
  private static let generator: leasehold_hmac_key = {
    let name: StaticString = "macaroons-key-generator"
    var key = leasehold_hmac_key()
    leasehold_hmac_key_init(&key, name.utf8Start, name.utf8CodeUnitCount)
    return key
  }()

  /// Generator, identifier, and a link for each caveat.
  private static func bareChain(_ rootKey: Bytes32, _ parts: [[UInt8]]) {
    var generator = generator
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Bytes32.count) { buffer in
      guard let signature = buffer.baseAddress else { return }
      rootKey.withUnsafeBytes { leasehold_hmac(&generator, $0.baseAddress, $0.count, nil, 0, signature) }
      for part in parts {
        part.withUnsafeBytes { leasehold_hmac_link(signature, $0.baseAddress, $0.count) }
      }
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
