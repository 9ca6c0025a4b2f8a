import Macaroons
import Testing

@Suite struct HMACKeyTests {
  /// RFC 4231 §4.2–4.4, 4.7 and 4.8: short keys, and one longer than a block.
  @Test(arguments: [
    (
      [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
    ),
    (
      Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    ),
    (
      [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
      "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
    ),
    (
      [UInt8](repeating: 0xaa, count: 131), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
    ),
  ])
  func rfc4231(key: [UInt8], message: [UInt8], expected: String) {
    let key = HMACKey(key)
    #expect(message.withUnsafeBytes { key.authenticate($0) }.hex == expected)
    // A prepared key is not used up.
    #expect(message.withUnsafeBytes { key.authenticate($0) }.hex == expected)
  }

  @Test func digestOfNothingAndOfText() {
    #expect(
      [UInt8]().withUnsafeBytes { Bytes32.sha256($0) }.hex
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      Array("abc".utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  }
}
