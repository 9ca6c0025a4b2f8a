import Foundation
import TestKit
import Testing
import Text

@testable import Drivers

@Suite struct HostKernelTests {
  @Test func theOldestThatIsServedIsDebian12s() {
    #expect(HostKernel.shortage(release: "6.1.0-56-cloud-amd64") == nil)
    #expect(HostKernel.shortage(release: "6.18.44") == nil)
    #expect(HostKernel.shortage(release: "10.0") == nil)
    #expect(
      HostKernel.shortage(release: "5.15.0-91-generic")
        == "Linux 5.15.0-91-generic is older than 6.1, the oldest that is served")
    #expect(HostKernel.shortage(release: "something") != nil)
  }

  @Test(.needs(.root, .overlay, .loop, .containers)) func thisOneHasThemAllAndNothingIsLeft() async throws {
    let folder = "/var/tmp/leasehold-kernel-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { #expect(throws: Never.self) { try FileManager.default.removeItem(atPath: folder) } }
    #expect(await HostKernel.shortages(HostKernel.Interface.allCases, in: folder) == [])
    #expect(try HostFile.names(in: folder) == [])
    #expect(try MountTable.read().mounted(on: folder) == nil)
  }

  @Test(.needs(.root)) func whatIsMissingIsSaidInASentence() async {
    // A file system that takes no part.
    let tried: [HostKernel.Interface] = [.unnamedFiles, .exchangingNames, .mappedMounts, .mappedOverlay]
    let sentences = await HostKernel.shortages(tried, in: "/proc")
    #expect(sentences.count == 3)
    #expect(sentences.first?.hasPrefix("the file system at /proc takes no unnamed files (O_TMPFILE): ") == true)
    #expect(sentences.last?.hasPrefix("the file system at /proc cannot be mounted with other owners") == true)
  }
}
