import Foundation
import L402
import Testing

/// What can only give a user name and a password opens a disk, with real clients.
@Suite struct PasswordTests {
  private func curl(_ arguments: [String]) throws -> (code: Int32, out: String) {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/curl")
    process.arguments = ["--silent", "--show-error", "--max-time", "60"] + arguments
    process.standardOutput = output
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text)
  }

  @Test func aPasswordOpensWhatItsCredentialDoes() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let login = try await provider.password(
        of: disk, ["leasehold_capabilities=read,write", "leasehold_path=/photos"])
      #expect(login.user.utf8.count == 26)
      #expect(login.password.utf8.count == 26)
      let name = "\(login.user):\(login.password)"
      // Asked first without, as browsers of files do.
      let put = try curl([
        "--anyauth", "-u", name, "-T", "/etc/hostname", disk.url("/photos/new"), "-w", "%{http_code}",
      ])
      #expect(put.out.hasSuffix("201"))
      let got = try curl(["-u", name.uppercased(), disk.url("/photos/new")])
      #expect(try got.out == String(contentsOfFile: "/etc/hostname", encoding: .utf8))
      #expect(try curl(["-u", name, disk.url("/private/secret"), "-w", "%{http_code}"]).out.hasSuffix("403"))
      let wrong = "\(login.user):\(String(login.password.reversed()))"
      for bad in [wrong, "x:\(login.password)", "\(login.user):", ":", String(repeating: "0", count: 26) + ":x"] {
        #expect(try curl(["-u", bad, disk.url("/photos/new"), "-w", "%{http_code}"]).out.hasSuffix("401"), "\(bad)")
      }
      let asked = try await disk.send("PROPFIND", "/photos/", nil)
      let challenges = asked.text.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("www-authenticate:") }
      #expect(challenges.count == 2 && challenges[0].contains("L402") && challenges[1].contains("Basic realm="))
      try await provider.revoke(login.token, of: disk)
      #expect(try curl(["-u", name, disk.url("/photos/new"), "-w", "%{http_code}"]).out.hasSuffix("401"))
    }
  }

  @Test func aBearerLineIsReadToo() async throws {
    try await Provider.with { provider in
      let disk = try await provider.rent()
      let shown = disk.credential.authorization.dropFirst(5)
      #expect(try await disk.send("GET", "/private/secret", "Bearer \(shown)").status == 200)
      #expect(try await disk.send("GET", "/private/secret", "Bearer something-else").status == 401)
    }
  }
}
