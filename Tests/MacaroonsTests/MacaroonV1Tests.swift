import Foundation
import Macaroons
import Testing

@Suite struct MacaroonV1Tests {
  /// An empty location in V1 is none in V2.
  @Test(arguments: Vectors.shared.valid.filter { $0.v1BinaryBase64Url != nil })
  func isTheSameMacaroonAsItsV2(_ vector: Vectors.Valid) throws {
    let bytes = try v1(vector)
    let macaroon = try Macaroon(v1: bytes)
    #expect(macaroon.wire == bytesOf(vector.v2BinaryHex))
    #expect(try Macaroon(binary: bytes) == macaroon)
    #expect(try Macaroon(binary: macaroon.wire) == macaroon)
  }

  @Test func everyTruncationAndExtensionIsRefused() throws {
    let vector = try #require(Vectors.shared.valid.first { $0.v1BinaryBase64Url != nil && $0.caveats.count > 1 })
    let bytes = try v1(vector)
    for count in bytes.indices {
      #expect(throws: MacaroonFault.self) { try Macaroon(v1: Array(bytes[..<count])) }
    }
    #expect(throws: MacaroonFault.trailing) { try Macaroon(v1: bytes + [0x30]) }
  }

  /// What survives a flipped bit is another macaroon, and does not verify, unless only the location differs.
  @Test func noBitFlipVerifies() throws {
    let vector = try #require(
      Vectors.shared.valid.first { $0.v1BinaryBase64Url != nil && $0.caveats.count > 1 && $0.isFirstParty })
    let key = MacaroonKey(rootKey: bytesOf(vector.rootKeyHex))
    let bytes = try v1(vector)
    for index in bytes.indices {
      for bit in 0..<8 {
        var flipped = bytes
        flipped[index] ^= 1 << bit
        guard let macaroon = try? Macaroon(v1: flipped), (try? macaroon.verify(key)) != nil else { continue }
        #expect(macaroon.location.map(Array.init) != Array(vector.location.utf8), "byte \(index), bit \(bit)")
      }
    }
  }

  @Test(arguments: ["", "0", "0000", "0004", "00", "ffff", "000alocation", "zzzzlocation x\n", "001Clocation x\n"])
  func garbage(text: String) {
    #expect(throws: MacaroonFault.self) { try Macaroon(v1: Array(text.utf8)) }
  }

  private func v1(_ vector: Vectors.Valid) throws -> [UInt8] {
    let text = try #require(vector.v1BinaryBase64Url)
      .replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
    let padded = text + String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    return Array(try #require(Data(base64Encoded: padded)))
  }

  private func bytesOf(_ hex: String) -> [UInt8] { bytes(hex) }
}
