import Foundation
import NodeRPC
import Testing

@Suite struct NodeSecretTests {
  private func file(_ bytes: [UInt8], mode: Int = 0o600) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("secret-\(UUID().uuidString)").path
    #expect(FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: mode]))
    return path
  }

  @Test func aSecretIsReadWithoutTheWhiteSpaceAroundIt() throws {
    let path = try file(Array(" rune==\n".utf8))
    defer { try? FileManager.default.removeItem(atPath: path) }  // A temporary file.
    #expect(try NodeSecret.text(inFile: path).text == "rune==")
  }

  @Test(arguments: [0o640, 0o604, 0o660])
  func aFileThatOthersMayReadIsRefusedAndItsContentNotTold(mode: Int) throws {
    let path = try file(Array("hunter2".utf8), mode: mode)
    defer { try? FileManager.default.removeItem(atPath: path) }  // A temporary file.
    let fault = #expect(throws: NodeSecret.Fault.self) { try NodeSecret.text(inFile: path) }
    #expect(fault.map { "\($0)" } == "\(path): others than its owner may read it: chmod 600")
  }

  @Test func aMacaroonIsReadAsBytesAndAsDigits() throws {
    let bytes: [UInt8] = [2, 1, 3, 0xFF]
    for content in [bytes, Array("020103ff\n".utf8), Array("020103FF".utf8)] {
      let path = try file(content)
      defer { try? FileManager.default.removeItem(atPath: path) }  // A temporary file.
      #expect(try NodeSecret.hexadecimal(inFile: path).text == "020103ff")
    }
  }

  @Test func noFileAnEmptyOneAndAFolderAreRefused() throws {
    let empty = try file([])
    defer { try? FileManager.default.removeItem(atPath: empty) }  // A temporary file.
    for path in [empty, empty + ".not", FileManager.default.temporaryDirectory.path] {
      #expect(throws: NodeSecret.Fault.self) { try NodeSecret.text(inFile: path) }
      #expect(throws: NodeSecret.Fault.self) { try NodeSecret.hexadecimal(inFile: path) }
    }
  }

  @Test func nothingPrintsIt() {
    let secret = NodeSecret("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("hunter2"))
  }
}
