import Engine
import Foundation
import TestKit
import Testing
import Units

@testable import leaseholdd

/// What the doctor says of a configuration before anybody has paid.
@Suite struct ProvisionTests {
  private func read(_ text: String, _ environment: [String: String] = [:]) throws -> Configuration {
    try Configuration(YAMLReader(file: "leasehold.yaml", text: text, environment: environment))
  }

  private func withFolder(_ body: (String) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("provision-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }  // What is left is swept with the test's folder.
    try await body(folder.path)
  }

  @Test func aMisspeltOverrideIsNoticed() throws {
    let right = ["LEASEHOLD_HTTP_ADDRESS": "127.0.0.1:1", "LEASEHOLD_WALLET": "lnd", "LEASEHOLD_TEST_DATABASE": "x"]
    #expect(try read(ConfigurationTests.good, right).unknownOverrides == [])
    #expect(throws: Never.self) { try Doctor.overrides(read(ConfigurationTests.good, right)) }
    let wrong = try read(ConfigurationTests.good, ["LEASEHOLD_HTTP_ADRESS": "127.0.0.1:1", "PATH": "/bin"])
    #expect(wrong.unknownOverrides == ["LEASEHOLD_HTTP_ADRESS"])
    let complaint = #expect(throws: Complaint.self) { try Doctor.overrides(wrong) }
    #expect(complaint?.description.contains("LEASEHOLD_HTTP_ADRESS") == true)
  }

  @Test func whatCouldNotBeMadeIsToldByOfferAndCause() throws {
    #expect(try Doctor.purchases([]) == "each could be made in the last day")
    func failures(_ fault: ProvisionFault, detail: String? = nil) -> ProvisionFailures {
      ProvisionFailures(
        offer: "box", fault: fault, count: 3, lastAt: Instant(unixSeconds: 1_800_000_000), lastDetail: detail)
    }
    // It may be the renters' own commands.
    let words = try Doctor.purchases([failures(.cannotStart, detail: "exit 127: No such file or directory")])
    #expect(
      words == "box: 3 failed, the container's command or image cannot start (exit 127: No such file or directory), "
        + "last at 2027-01-15T08:00:00Z")
    for fault in ProvisionFault.allCases where fault != .cannotStart {
      let complaint = #expect(throws: Complaint.self) {
        try Doctor.purchases([failures(.cannotStart), failures(fault)])
      }
      #expect(complaint?.description.contains(fault.words) == true)
    }
  }

  @Test func anOfferLargerThanItsPoolIsNeverSold() throws {
    #expect(throws: Never.self) { try Doctor.offers(read(ConfigurationTests.good)) }
    let large = ConfigurationTests.good.replacing("disk_bytes: 1073741824", with: "disk_bytes: 9589934592")
    let complaint = #expect(throws: Complaint.self) { try Doctor.offers(read(large)) }
    #expect(complaint?.description.contains("disk-1g-day (disk_bytes 9589934592 of 8589934592)") == true)
  }

  @Test func aPoolThatCannotGrowToItsSizeIsNoticed() async throws {
    try await withFolder { folder in
      let text = ConfigurationTests.good.replacing("/var/lib/leasehold", with: folder)
      #expect(throws: Never.self) { try Doctor.room(read(text.replacing("size: 8589934592", with: "size: 134217728"))) }
      let huge = text.replacing("size: 8589934592", with: "size: \(Int64(1) << 60)")
      let complaint = #expect(throws: Complaint.self) { try Doctor.room(read(huge)) }
      #expect(complaint?.description.contains("hosts.disk.size") == true)
    }
  }

  @Test func lookingMakesNothing() async throws {
    try await withFolder { folder in
      let text = ConfigurationTests.good.replacing("/var/lib/leasehold", with: folder + "/mistyped")
      let configuration = try read(text)
      #expect(try Doctor.stateFolder(configuration, leases: 0).contains("no keys yet"))
      let complaint = #expect(throws: Complaint.self) { try Doctor.stateFolder(configuration, leases: 3) }
      #expect(complaint?.description.contains("knows 3 leases") == true)
      let secrets = Secrets(directory: configuration.stateDirectory, makesMissing: false)
      #expect(throws: ConfigurationFault.self) { try secrets.keyring() }
      #expect(throws: ConfigurationFault.self) { try secrets.adminToken() }
      _ = try secrets.preimageSecret()
      #expect(!FileManager.default.fileExists(atPath: folder + "/mistyped"))
    }
  }

  @Test(.needs(.root, .overlay, .loop, .containers))
  func theKernelIsProvedWhereTheStateWillBe() async throws {
    try await withFolder { folder in
      func at(_ place: String) throws -> Configuration {
        let text = ConfigurationTests.good.replacing("/var/lib/leasehold", with: place)
        return try read(text.replacing("    subid_base", with: "    compute: {runtime: runc}\n    subid_base"))
      }
      let words = try await Doctor.kernel(try at(folder + "/not/yet"))
      #expect(words.contains("6.1"))
      let made = try FileManager.default.contentsOfDirectory(atPath: folder)
      #expect(made.isEmpty)
      let complaint = await #expect(throws: Complaint.self) { try await Doctor.kernel(try at("/proc/sys")) }
      #expect(complaint?.description.contains("cannot be mounted with other owners") == true)
    }
  }

  @Test func whatLiesInAnImageIsComparedWithItsDigest() async throws {
    try await withFolder { folder in
      let root = folder + "/image/rootfs"
      try FileManager.default.createDirectory(atPath: root + "/bin", withIntermediateDirectories: true)
      try Data("one".utf8).write(to: URL(fileURLWithPath: root + "/bin/sh"))
      func configuration(_ description: String) throws -> Configuration {
        try Data(description.utf8).write(to: URL(fileURLWithPath: folder + "/image/image.json"))
        let images = "images: [{name: box, path: \(folder)/image}]\noffers:"
        return try read(ConfigurationTests.good.replacing("offers:", with: images))
      }
      let wrong = try configuration(#"{"digest": "sha256:00", "command": ["/bin/sh"]}"#)
      let complaint = await #expect(throws: Complaint.self) { try await Doctor.images(wrong) }
      let said = try #require(complaint?.description)
      let digest = try #require(
        said.firstRange(of: #/its files are (sha256:[0-9a-f]{64})/#).map { said[$0].suffix(71) })
      let right = try configuration(#"{"digest": "\#(digest)", "command": ["/bin/sh"]}"#)
      #expect(try await Doctor.images(right).hasPrefix("1,"))
      // Before the first renter finds out.
      let none = try configuration(#"{"digest": "\#(digest)", "command": ["/bin/bash"]}"#)
      #expect(throws: (any Error).self) { try none.mayServe() }
      let odd = try configuration(#"{"digest": "\#(digest)", "command": "/bin/sh"}"#)
      #expect(throws: (any Error).self) { try odd.mayServe() }
    }
  }
}
