import Macaroons
import Testing

@testable import L402

@Suite struct NarrowingTests {
  private let fixture = Fixture()

  @Test func theLastOfEachDecides() throws {
    let credential = try fixture.verify(narrowedBy: [
      "leasehold_capabilities=write,read,pay", "leasehold_path=/photos", "leasehold_method=GET,HEAD,PUT",
      "leasehold_source=203.0.113.0/24,2001:db8::/32", "leasehold_max_msat=5000",
      "leasehold_valid_until=\(Fixture.later - 10)", "leasehold_lease=\(Fixture.lease)", "services=leasehold:0",
      "leasehold_capabilities=read", "leasehold_path=/photos/2024", "leasehold_method=GET",
      "leasehold_source=203.0.113.7", "leasehold_max_msat=0", "leasehold_valid_until=\(Fixture.later - 20)",
    ])
    #expect(credential.capabilities == .read)
    #expect(credential.mintedCapabilities == .all)
    #expect(credential.path?.description == "/photos/2024")
    #expect(credential.methods == ["GET"])
    #expect(credential.maxMsat == 0)
    #expect(credential.holderValidUntil == Fixture.later - 20)
    #expect(credential.mintedValidUntil == Fixture.later)
    #expect(credential.holderCaveats.count == 14)
  }

  @Test(arguments: [
    (["leasehold_capabilities=read", "leasehold_capabilities=read,write"], Condition.capabilities),
    (["leasehold_capabilities=read,fly"], .capabilities),
    (["leasehold_capabilities=", "leasehold_capabilities=read"], .capabilities),
    (["leasehold_capabilities=read,"], .capabilities),
    (["leasehold_lease=another"], .lease),
    (["leasehold_lease="], .lease),
    (["services=leasehold:1"], .services),
    (["leasehold_valid_until=\(Fixture.later + 1)"], .validUntil),
    (["leasehold_valid_until=5", "leasehold_valid_until=6"], .validUntil),
    (["leasehold_path=/photos", "leasehold_path=/"], .path),
    (["leasehold_path=/photos", "leasehold_path=/photos2"], .path),
    (["leasehold_path=/photos", "leasehold_path=/phot"], .path),
    (["leasehold_method=GET", "leasehold_method=GET,PUT"], .method),
    (["leasehold_source=10.0.0.0/8", "leasehold_source=10.0.0.0/7"], .source),
    (["leasehold_source=10.0.0.0/8", "leasehold_source=10.1.0.0/16,11.0.0.0/8"], .source),
    (["leasehold_source=10.0.0.0/8", "leasehold_source=::/0"], .source),
    (["leasehold_max_msat=10", "leasehold_max_msat=11"], .maxMsat),
  ])
  func aWiderRepeatIsRefused(caveats: [String], condition: Condition) throws {
    #expect(throws: CredentialRefusal.widened(condition)) { try fixture.verify(narrowedBy: caveats) }
  }

  @Test(arguments: [
    ("services=other:0", Condition.services), ("services=leasehold:0,other:0", .services), ("services=", .services),
    ("services=leasehold:", .services), ("services=leasehold:00", .services),
    ("leasehold_valid_until=", .validUntil), ("leasehold_valid_until=+5", .validUntil),
    ("leasehold_valid_until=-5", .validUntil), ("leasehold_valid_until=05", .validUntil),
    ("leasehold_valid_until=5 ", .validUntil), ("leasehold_valid_until=9223372036854775808", .validUntil),
    ("leasehold_path=", .path), ("leasehold_path=photos", .path), ("leasehold_path=/a/../b", .path),
    ("leasehold_path=/a%2fb", .path), ("leasehold_path=/%zz", .path),
    ("leasehold_method=", .method), ("leasehold_method=get", .method), ("leasehold_method=GET,", .method),
    ("leasehold_method=GET, PUT", .method),
    ("leasehold_source=", .source), ("leasehold_source=10.0.0.0/33", .source),
    ("leasehold_source=example.org", .source),
    ("leasehold_source=10.0.0.0/8,", .source), ("leasehold_max_msat=1e3", .maxMsat), ("leasehold_max_msat=", .maxMsat),
  ])
  func aValueThatCannotBeReadIsRefused(caveat: String, condition: Condition) throws {
    #expect(throws: CredentialRefusal.malformedCaveat(condition)) { try fixture.verify(narrowedBy: [caveat]) }
  }

  /// Somebody meant to restrict something, in whatever tool's words.
  @Test(arguments: [
    "leasehold_colour=blue", "leasehold_", "leasehold_path", "leasehold_path = /photos", " leasehold_path=/photos",
    "Leasehold_Path=/photos", "LEASEHOLD_METHOD=GET", "leasehold_paths=/a", "Services=leasehold:0", "services",
    "services =leasehold:0", "leasehold_ path=/a", "other_valid_until=1", "lightning_loop_capabilities=loop_out", "",
    "=", "no-equals-sign", "time < 2020-01-01T00:00", "time<2026", "services_x=1", "leasehol_x=1", "ключ = значение",
    "path=/photos", "leasehold-path=/photos", "read-only", "valid_until < 5", "Valid_Until=5", "path_prefix",
    "max_sat=1",
    "Preimage=00", "expires=5", "method", "methods=GET", " method=GET",
  ])
  func anUnknownConditionIsRefused(caveat: String) throws {
    #expect(throws: CredentialRefusal.unknownCaveat) { try fixture.verify(narrowedBy: [caveat]) }
  }

  @Test func aPreimageIsPassedOver() throws {
    let credential = try fixture.verify(narrowedBy: ["preimage=00"])
    #expect(credential.capabilities == .all)
    #expect(credential.expiry == .current)
    #expect(credential.holderCaveats.map(\.text) == ["preimage=00"])
  }

  @Test func bytesThatAreNoTextAreRefused() throws {
    let macaroon = try fixture.mint().adding([0xff, 0xfe, 0x00])
    #expect(throws: CredentialRefusal.unknownCaveat) { try fixture.verify(macaroon) }
  }

  /// What other tools write means what ours means.
  @Test func otherToolsConditionsNarrow() throws {
    let end = Fixture.now + 50
    let credential = try fixture.verify(narrowedBy: [
      "valid_until=\(end)", "method=GET,HEAD", "path_prefix=/photos", "max_sats=3", "leasehold_max_msat=2999",
      "leasehold_path=/photos/2024", "valid_until=\((end - 10) * 1_000 + 999)", "leasehold_method=GET",
    ])
    #expect(credential.holderValidUntil == end - 10, "milliseconds, and never later than they say")
    #expect(credential.methods == ["GET"])
    #expect(credential.maxMsat == 2_999)
    #expect(credential.path?.description == "/photos/2024")
    #expect(!credential.covers(try ResourcePath(encoded: "/photos2")))
    let bounded = try fixture.verify(narrowedBy: ["max_sats=3"])
    #expect(bounded.maxMsat == 3_000)
    let expired = try fixture.verify(narrowedBy: ["valid_until=\(Fixture.now)"])
    #expect(expired.expiry == .narrowed)
  }

  @Test(arguments: [
    (["leasehold_path=/photos", "path_prefix=/"], Condition.path),
    (["method=GET", "leasehold_method=GET,PUT"], .method),
    (["path_prefix=/photos", "leasehold_path=/photos2"], .path), (["max_sats=1", "leasehold_max_msat=1001"], .maxMsat),
    (["leasehold_max_msat=999", "max_sats=1"], .maxMsat), (["valid_until=5", "leasehold_valid_until=6"], .validUntil),
    (["valid_until=\(Fixture.later + 1)"], .validUntil), (["valid_until=\((Fixture.later + 1) * 1_000)"], .validUntil),
  ])
  func aWiderRepeatInOtherWordsIsRefused(caveats: [String], condition: Condition) throws {
    #expect(throws: CredentialRefusal.widened(condition)) { try fixture.verify(narrowedBy: caveats) }
  }

  @Test(arguments: [
    ("valid_until=", Condition.validUntil), ("valid_until=2030-01-01", .validUntil), ("valid_until=1.5", .validUntil),
    ("method=get", .method), ("path_prefix=photos", .path), ("path_prefix=/a/../b", .path), ("max_sats=-1", .maxMsat),
    ("max_sats=9223372036854775807", .maxMsat),
  ])
  func aValueInOtherWordsThatCannotBeReadIsRefused(caveat: String, condition: Condition) throws {
    #expect(throws: CredentialRefusal.malformedCaveat(condition)) { try fixture.verify(narrowedBy: [caveat]) }
  }

  /// Where the minter writes, only the minter's own words stand.
  @Test func theMintedFourHaveOneSpelling() throws {
    let caveats = ["services=leasehold:0", "leasehold_capabilities=read", "leasehold_lease=x", "valid_until=5"]
    let macaroon = Macaroon(
      location: "leasehold",
      identifier: Identifier(paymentHash: fixture.preimage.paymentHash, token: fixture.token).bytes,
      caveats: caveats.map { Array($0.utf8) }, key: try fixture.keyring.key(for: fixture.token))
    #expect(throws: CredentialRefusal.malformed) { try fixture.verify(macaroon) }
  }

  /// Whatever is added, in whatever order, nothing is ever allowed that was not allowed before.
  @Test func addingCaveatsNeverWidens() throws {
    var random = SplitMix(state: 0x4a110)
    let pool =
      ["read", "read,write", "pay", "read,pay", "", "read,write,exec,control,pay,refund", "fly"]
      .map { "leasehold_capabilities=\($0)" }
      + ["/", "/a", "/a/b", "/ab", "/a%62", "/a/./b/"].map { "leasehold_path=\($0)" }
      + ["GET", "GET,PUT", "PUT", "HEAD,GET"].map { "leasehold_method=\($0)" }
      + ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0", "::/0"].map { "leasehold_source=\($0)" }
      + [0, 5, 1000].map { "leasehold_max_msat=\($0)" }
      + [Fixture.now - 1, Fixture.now + 5, Fixture.later, Fixture.later + 5].map { "leasehold_valid_until=\($0)" }
      + ["services=leasehold:0", "foo=bar", "preimage=00", "leasehold_lease=\(Fixture.lease)"]
      + [
        "path_prefix=/a", "method=GET", "max_sats=1", "valid_until=\(Fixture.now + 5)", "valid_until=\(Fixture.now)000",
      ]
      + ["leasehold_variant=a", "leasehold_variant=b"]
    #expect(Requests.paths.count { $0 == nil } == 1)
    #expect(Requests.sources.count { $0 == nil } == 1)
    var reached = 0
    for _ in 0..<100 {
      var macaroon = try fixture.mint()
      var allowed = Requests.allowed(by: try fixture.verify(macaroon))
      #expect(allowed == Requests.all)
      for _ in 0..<5 {
        macaroon = macaroon.adding([pool.randomElement(using: &random)!])
        guard let credential = try? fixture.verify(macaroon) else {
          // Once refused, always refused.
          let more = macaroon.adding([pool.randomElement(using: &random)!])
          #expect(throws: CredentialRefusal.self) { try fixture.verify(more) }
          break
        }
        let now = Requests.allowed(by: credential)
        #expect(now.isSubset(of: allowed))
        allowed = now
        reached += 1
      }
    }
    #expect(reached > 100, "most of the walk was refused at once: the pool is wrong")
  }
}

extension NarrowingTests {
  /// The same for what a third party says in a discharge, whatever it is: with it a credential never reaches further
  /// than without.
  @Test func dischargesNeverWiden() throws {
    var random = SplitMix(state: 0xd15c)
    let pool =
      ["read", "read,write", "pay", ""].map { "leasehold_capabilities=\($0)" }
      + ["/", "/a", "/a/b", "/b"].map { "leasehold_path=\($0)" } + ["GET", "PUT"].map { "leasehold_method=\($0)" }
      + ["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1", "::/0"].map { "leasehold_source=\($0)" }
      + [0, 5, 1000].map { "leasehold_max_msat=\($0)" }
      + [Fixture.now - 1, Fixture.now + 5, Fixture.later + 5].map { "leasehold_valid_until=\($0)" }
      + ["services=leasehold:0", "services=leasehold:9", "user = bob"]
    let fixture = Fixture()
    func some(_ counts: ClosedRange<Int>) -> [String] {
      (0..<Int.random(in: counts, using: &random)).map { _ in pool.randomElement(using: &random)! }
    }
    var accepted = 0
    for _ in 0..<300 {
      let narrowed = try fixture.narrowed(by: some(0...2))
      guard let without = try? fixture.verify(narrowed) else { continue }
      let macaroon = narrowed.adding(thirdParty: [9], location: "", rootKey: [1])
      let discharge = Macaroon.discharge(of: [9], rootKey: [1], caveats: some(0...3).map { Array($0.utf8) })
      let shown = try PresentedCredential(
        macaroon: macaroon, discharges: [discharge.bound(to: macaroon)], preimage: fixture.preimage)
      guard let with = try? shown.verified(by: fixture.keyring, at: Fixture.now, isRevoked: { _ in false }) else {
        continue
      }
      #expect(Requests.allowed(by: with).isSubset(of: Requests.allowed(by: without)))
      #expect(with.tier <= without.tier)
      #expect(with.validUntil <= without.validUntil)
      accepted += 1
    }
    #expect(accepted > 50, "most were refused: the pool is wrong")
  }
}

/// A grid of requests, numbered.
private enum Requests {
  static let paths = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/b"].map { try? ResourcePath(encoded: $0) } + [nil]
  static let sources = ["10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1", "2001:db8::1"].map { IPAddress($0) } + [nil]
  static let all = Set(0..<(6 * 3 * paths.count * sources.count * 2))

  static func allowed(by credential: VerifiedCredential) -> Set<Int> {
    var allowed: Set<Int> = []
    var number = 0
    for capability in [Capabilities.read, .write, .exec, .control, .pay, .refund] {
      for method in ["GET", "PUT", "HEAD"] {
        for path in paths {
          for source in sources {
            for amount in [1, 500] as [Int64] {
              if (try? credential.require(capability, method: method, path: path, source: source, amountMsat: amount))
                != nil
              {
                allowed.insert(number)
              }
              number += 1
            }
          }
        }
      }
    }
    return allowed
  }
}
