import Foundation
import Macaroons
import Testing

/// The macaroon vectors, from the folder named by `LEASEHOLD_VECTORS`, else from `Tests/Vectors`.
struct Vectors: Decodable {
  struct Valid: Decodable, Sendable, CustomTestStringConvertible {
    struct Caveat: Decodable, Sendable {
      var idHex: String
      var vidHex: String?
      var location: String?
    }
    struct Discharge: Decodable, Sendable {
      var rootKeyHex: String
      var identifierHex: String
      var location: String
      var caveats: [Caveat]
      var unboundSignatureHex: String
      var boundSignatureHex: String
      var v2BinaryBase64: String
    }
    var name: String
    var rootKeyHex: String
    var identifierHex: String
    var location: String
    var caveats: [Caveat]
    var derivedKeyHex: String
    var signatureChainHex: [String]
    var signatureHex: String
    var v2BinaryHex: String
    var v2BinaryBase64: String?
    /// Spelled as the decoder turns `base64url`: a capital follows a digit.
    var v2BinaryBase64Url: String?
    var v1BinaryBase64Url: String?
    var discharges: [Discharge]?

    var isFirstParty: Bool { caveats.allSatisfy { $0.vidHex == nil } }
    var testDescription: String { name }
  }

  struct Refused: Decodable, Sendable, CustomTestStringConvertible {
    var name: String
    var why: String
    var v2BinaryHex: String?
    var rootKeyHex: String?
    var testDescription: String { "\(name): \(why)" }
  }

  /// However many there are: whoever drops more in has them checked.
  var valid: [Valid]
  var refuse: [Refused]

  private static let file: Data = {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let folder =
      ProcessInfo.processInfo.environment["LEASEHOLD_VECTORS"].map { URL(fileURLWithPath: $0) }
      ?? tests.appendingPathComponent("Vectors")
    do {
      return try Data(contentsOf: folder.appendingPathComponent("macaroons.json"))
    } catch {
      fatalError("the vectors cannot be read: \(error)")
    }
  }()

  static let shared: Vectors = {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    do {
      return try decoder.decode(Vectors.self, from: file)
    } catch {
      fatalError("the vectors cannot be read: \(error)")
    }
  }()

  /// The JSON forms by name, with their keys as they stand there.
  static func json() throws -> [String: NSDictionary] {
    let top = try #require(JSONSerialization.jsonObject(with: file) as? [String: Any])
    let valid = try #require(top["valid"] as? [[String: Any]])
    return Dictionary(
      uniqueKeysWithValues: try valid.compactMap { vector in
        guard let json = vector["json_v2"] as? NSDictionary else { return nil }
        return (try #require(vector["name"] as? String), json)
      })
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
