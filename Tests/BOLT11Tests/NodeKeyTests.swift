import Testing

@testable import BOLT11

@Suite struct NodeKeyTests {
  @Test func theKeyNeverShows() throws {
    let hex = try Vectors.shared.privateKeyHex
    let key = try NodeKey(bytes: bytes(hex))
    var dumped = ""
    dump(key, to: &dumped)
    let decimal = "\(bytes(hex)[0]), \(bytes(hex)[1])"
    for shown in ["\(key)", String(reflecting: key), String(describing: [key]), dumped, "\(Optional(key) as Any)"] {
      #expect(!shown.contains(hex))
      #expect(!shown.contains(decimal))
      #expect(shown.contains(key.nodeID.description))
    }
    #expect(key.withSecretBytes { Array($0) } == bytes(hex))
  }

  @Test func onlyNumbersBelowTheOrderAreKeys() {
    let order = bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141")
    for bad in [[], [UInt8](repeating: 0, count: 32), order, [UInt8](repeating: 1, count: 31)] {
      #expect(throws: BOLT11Error.badKey) { try NodeKey(bytes: bad) }
    }
    #expect(NodeKey.random().nodeID != NodeKey.random().nodeID)
  }

  @Test func theContextIsSharedByManyTasks() async throws {
    let key = try NodeKey(bytes: bytes(Vectors.shared.privateKeyHex))
    let hash = SHA256.digest(of: [1, 2, 3])
    let first = key.sign(hash)
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<200 {
        group.addTask {
          let signature = key.sign(hash)
          return signature.compact == first.compact
            && Secp256k1.recover(signature, of: hash) == key.nodeID.bytes
        }
      }
      for await same in group { #expect(same) }
    }
  }
}
