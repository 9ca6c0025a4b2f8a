import Foundation

/// `bolt11.json`: the specification's examples, and invoices of an independent encoder. From the folder named by
/// `LEASEHOLD_VECTORS`, else from `Tests/Vectors`.
struct Vectors: Decodable, Sendable {
  var privateKeyHex: String
  var valid: [Readable]
  var generated: [Readable]
  var refuse: [Refused]

  struct Readable: Decodable {
    var title: String
    var invoice: String
    var expected: Expected
  }

  struct Expected: Decodable {
    var currency: String
    var amountMsat: Int64?
    var timestamp: Int64
    var expiry: Int64
    var minFinalCltvExpiryDelta: Int64
    var routeHints: [[Hop]]
    var fallbacks: [Address]
    var ignoredTags: [Ignored]
    var paymentHash: String
    var paymentSecret: String
    var description: String?
    var descriptionHash: String?
    var featureBits: [Int]?
    var metadata: String?
    var signingHashHex: String
    var payee: String
  }

  struct Hop: Decodable {
    var pubkey: String
    var shortChannelId: String
    var feeBaseMsat: UInt32
    var feeProportionalMillionths: UInt32
    var cltvExpiryDelta: UInt16
  }

  struct Address: Decodable {
    var version: UInt8
    var hex: String
  }

  struct Ignored: Decodable {
    var tag: String
  }

  struct Refused: Decodable {
    var title: String
    var invoice: String
    var expectedError: String
  }

  /// Read once; throws where the file is not to be found.
  static var shared: Vectors { get throws { try loaded.get() } }

  private static let loaded = Result {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let folder =
      ProcessInfo.processInfo.environment["LEASEHOLD_VECTORS"].map { URL(fileURLWithPath: $0) }
      ?? tests.appendingPathComponent("Vectors")
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Vectors.self, from: Data(contentsOf: folder.appendingPathComponent("bolt11.json")))
  }
}

func bytes(_ hex: String) -> [UInt8] {
  let digits = hex.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}

/// A reproducible generator (SplitMix64).
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) }
  }
}
