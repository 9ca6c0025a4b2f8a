import L402
import Leasing
import Ledger
import Macaroons
import TestKit
import Testing
import Units

@testable import Engine

/// Epochs of the master key, begun and retired while serving.
@Suite struct KeyRotationTests {
  @Test func anEpochBeginsWhenEverybodyKnowsAndEndsAtOnce() async throws {
    try await Platform.with { platform in
      let engine = platform.engine
      let renter = Renter(platform)
      let old = try await renter.buy()
      #expect(old.token.epoch == 1)
      let begun = try await engine.operator.keys.begin(requestID: "1")
      #expect(begun.key.epoch == 2)
      #expect(begun.state == .coming)
      #expect(try await renter.buy().token.epoch == 1)
      platform.clock.advance(by: KeyEpochs.notice)
      let new = try await renter.buy()
      #expect(new.token.epoch == 2)
      // What the first epoch minted serves until it is retired, and is swapped into the second.
      try await renter.open(old.id, old.credential)
      let swapped = try minted(try await engine.swap(old.id, renter.caller(old.credential)), like: old.credential)
      #expect(try token(of: swapped).epoch == 2)
      let views = try await engine.operator.keys.views()
      #expect(views.map(\.state) == [.serving, .minting])
      #expect(views.map(\.credentials) == [2, 2])

      try await engine.operator.keys.retire(1, requestID: "2")
      try await engine.operator.keys.retire(1, requestID: "2")
      let held = renter.caller(old.credential)
      #expect(await refusal { try await renter.open(old.id, old.credential) } == "401 credential-retired")
      #expect(await refusal { try await engine.swap(old.id, held) } == "401 credential-retired")
      #expect(await refusal { try await engine.renew(old.id, periods: 1, held) } == "401 credential-retired")
      #expect(
        await refusal { try await engine.rent(Renter.request, body: Array("disk/1".utf8), held) }
          == "401 credential-retired")
      let shown = try #require(try PresentedCredential.parse(authorization: [old.credential]))
      let claim = try PresentedCredential(macaroon: shown.macaroon, preimage: nil).authorization
      #expect(
        await refusal { try await engine.claim(shown.identifier.paymentHash, renter.caller(claim, method: "GET")) }
          == "401 credential-retired")
      try await renter.open(old.id, swapped)
      try await renter.open(new.id, new.credential)
      #expect(await refusal { try await engine.operator.keys.retire(2, requestID: "3") } == "409 last-epoch")
      #expect(await refusal { try await engine.operator.keys.retire(7, requestID: "3") } == "invalid-field epoch")

      // A restart forgets nothing, and invents nothing.
      let restarted = platform.anotherEngine()
      try await restarted.prepare()
      #expect(
        await refusal { try await renter.open(old.id, old.credential, engine: restarted) } == "401 credential-retired")
      try await renter.open(old.id, swapped, engine: restarted)
      #expect(restarted.access.keys.keyring.currentEpoch == 2)
    }
  }

  /// What leaks is answered at once: the last epoch but one that is coming may be retired, and the coming one mints.
  @Test func aLeakIsAnsweredAtOnce() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let old = try await renter.buy()
      _ = try await platform.engine.operator.keys.begin(requestID: "1")
      try await platform.engine.operator.keys.retire(1, requestID: "2")
      #expect(await refusal { try await renter.open(old.id, old.credential) } == "401 credential-retired")
      let new = try await renter.buy()
      #expect(new.token.epoch == 2)
      try await renter.open(new.id, new.credential)
    }
  }

  @Test(.timeLimit(.minutes(5))) func everyDaemonLearnsOfItAtOnce() async throws {
    try await Platform.with(connections: 10) { platform in
      let one = platform.engine
      let told = ToldStore(TestTimeStore(platform.postgres, clock: platform.clock))
      let two = platform.anotherEngine(on: told)
      try await two.prepare()
      try await platform.running([one, two]) {
        try await waits { one.doorCache.isTrusted && two.doorCache.isTrusted }
        let renter = Renter(platform)
        let quote = try await renter.quote()
        let credential = try await renter.pay(quote)
        _ = try await one.rent(Renter.request, body: Array("disk/1".utf8), renter.caller(credential)).bought
        try await platform.waits(for: quote.lease) { $0.state.name == .active }
        let stream = try await renter.open(quote.lease, credential, engine: two)

        _ = try await one.operator.keys.begin(requestID: "1")
        var mark = told.count
        #expect(try await told.heartbeats(after: mark, before: .keys) <= 2)
        try await waits { two.access.keys.serves(2) }
        platform.clock.advance(by: KeyEpochs.notice)
        let swapped = try minted(try await one.swap(quote.lease, renter.caller(credential)), like: credential)
        try await renter.open(quote.lease, swapped, engine: two)

        let earlier = told.count
        try await one.operator.keys.retire(1, requestID: "2")
        mark = told.count
        #expect(try await told.heartbeats(after: mark, before: .keys, beyond: earlier) <= 2)
        try await waits { !two.access.keys.serves(1) }
        #expect(
          await refusal { try await renter.open(quote.lease, credential, engine: two) } == "401 credential-retired")
        #expect(await !stream.isStillServing())
        try await renter.open(quote.lease, swapped, engine: two)
      }
    }
  }

  /// It hears nothing, so it asks: about an epoch begun meanwhile and about one retired.
  @Test func aDaemonThatHearsNothingAsks() async throws {
    try await Platform.with { platform in
      let renter = Renter(platform)
      let old = try await renter.buy()
      let deaf = platform.anotherEngine()
      try await deaf.prepare()
      _ = try await platform.engine.operator.keys.begin(requestID: "1")
      platform.clock.advance(by: KeyEpochs.notice)
      let new = try await renter.buy()
      #expect(new.token.epoch == 2)
      try await renter.open(new.id, new.credential, engine: deaf)
      let stream = try await renter.open(old.id, old.credential, engine: deaf)
      #expect(await stream.isStillServing())
      try await platform.engine.operator.keys.retire(1, requestID: "2")
      #expect(await !stream.isStillServing())
      #expect(await refusal { try await renter.open(old.id, old.credential, engine: deaf) } == "401 credential-retired")
      // The same for a stream whose credential is revoked.
      let another = try await renter.open(new.id, new.credential, engine: deaf)
      #expect(await another.isStillServing())
      try await platform.engine.revoke(new.token, of: new.id, renter.caller(new.credential))
      #expect(await !another.isStillServing())
    }
  }

  @Test func aDaemonWithOtherKeysDoesNotServe() async throws {
    try await Platform.with { platform in
      let other = Platform.engine(
        "other", TestTimeStore(platform.postgres, clock: platform.clock), node: platform.node,
        driver: platform.driver, clock: platform.clock, channel: platform.channel,
        keyring: MasterKeyring(key: .random()),
        catalog: platform.catalog)
      await #expect(throws: KeyFault.differs(1)) { try await other.prepare() }
      let known = try await platform.engine.operator.keys.views()
      #expect(known.map(\.key.epoch) == [1])
    }
  }

  /// A key that was put into the file by hand is an epoch like any other.
  @Test func aKeyThatWasAddedByHandIsAnEpoch() async throws {
    try await Platform.with { platform in
      let first = Bytes32 { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) }
      let keys = try #require(MasterKeyring(keys: [1: first, 5: .random()], current: 5))
      let two = Platform.engine(
        "two", TestTimeStore(platform.postgres, clock: platform.clock), node: platform.node, driver: platform.driver,
        clock: platform.clock, channel: platform.channel, keyring: keys, catalog: platform.catalog)
      try await two.prepare()
      #expect(two.access.keys.keyring.currentEpoch == 1)
      platform.clock.advance(by: KeyEpochs.notice)
      #expect(two.access.keys.keyring.currentEpoch == 5)
      #expect(try await two.operator.keys.begin(requestID: "1").key.epoch == 6)
      // Whoever does not have it goes on with what it has.
      let known = try await platform.postgres.transaction { tx in try tx.keyEpochs() }
      #expect(platform.engine.access.keys.served.learn(known, at: platform.clock.now()) == [.differs(5), .differs(6)])
      let old = try await Renter(platform).buy()
      #expect(old.token.epoch == 1)
      #expect(!platform.engine.access.keys.serves(5))
    }
  }
}
