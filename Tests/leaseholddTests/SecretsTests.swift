import Foundation
import L402
import Testing

@testable import leaseholdd

@Suite struct SecretsTests {
  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("secrets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // What is left is swept with the test's folder.
    try body(folder)
  }

  private func mode(_ file: URL) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    return try #require(attributes[.posixPermissions] as? Int)
  }

  @Test func theAdminTokenIsMadeOnceForUsAlone() throws {
    try withFolder { folder in
      let token = try Secrets(directory: folder.path).adminToken()
      #expect(token.utf8.count == 64)
      #expect(try Secrets(directory: folder.path).adminToken() == token)
      let file = folder.appendingPathComponent("admin.token")
      #expect(try mode(file) == 0o600)
      // Nothing of the making is left.
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["admin.token"])
    }
  }

  @Test func aSecretThatOthersCanReadStopsTheStart() throws {
    try withFolder { folder in
      _ = try Secrets(directory: folder.path).adminToken()
      let file = folder.appendingPathComponent("admin.token").path
      for bits in [0o640, 0o604, 0o660] {
        try FileManager.default.setAttributes([.posixPermissions: bits], ofItemAtPath: file)
        let fault = #expect(throws: ConfigurationFault.self) { try Secrets(directory: folder.path).adminToken() }
        #expect(fault?.words.contains("chmod 600") == true)
      }
    }
  }

  @Test func keysAreTheSameAfterARestart() throws {
    try withFolder { folder in
      let before = try Secrets(directory: folder.path).keyring()
      let after = try Secrets(directory: folder.path).keyring()
      let token = before.newToken()
      let hash = Preimage.random().paymentHash
      let caveats = MintedCaveats(tier: 0, capabilities: .all, lease: "lease", validUntil: 1)
      #expect(
        try before.mint(paymentHash: hash, token: token, caveats: caveats)
          == after.mint(paymentHash: hash, token: token, caveats: caveats))
      #expect(try mode(folder.appendingPathComponent("master.keys")) == 0o600)
    }
  }

  @Test func damagedKeysAreNamedByTheirLineAndNotShown() throws {
    try withFolder { folder in
      let file = folder.appendingPathComponent("master.keys")
      let secret = String(repeating: "ab", count: 31)
      try Data("# kept by hand\n1 \(secret)\n".utf8).write(to: file)
      try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.path)
      let fault = #expect(throws: ConfigurationFault.self) { try Secrets(directory: folder.path).keyring() }
      #expect(fault?.line == 2)
      #expect(fault?.description.contains(secret) == false)
    }
  }
}
