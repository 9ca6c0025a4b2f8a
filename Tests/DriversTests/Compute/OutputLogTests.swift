import Foundation
import Ledger
import Testing

@testable import Drivers

/// The two parts of a container's log, without a container.
@Suite struct OutputLogTests {
  /// What was written before a rotation lost something is told until something new is.
  @Test func whatIsBeforeALossIsToldUntilSomethingFollowsIt() throws {
    let folder = NSTemporaryDirectory() + "leasehold-log-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: folder) }  // Only litter: the name is nobody else's.
    let bundle = Bundle(lease: .random(), folder: folder)
    try FileManager.default.createDirectory(atPath: bundle.layer + "/log", withIntermediateDirectories: true)
    func digits(_ number: Int) -> String { String(String(number + 1_000_000_000_000_000_000).dropFirst()) }
    // Of a hundred bytes the first forty are the older part, and the last sixty were lost.
    try HostFile.replace(bundle.logMarks, with: "leasehold-log-1 \(digits(100)) \(digits(40)) \(digits(0))\n")
    try HostFile.replace(bundle.olderOutput, with: "one\ntwo\n")
    try HostFile.replace(bundle.output, with: "")
    let log = OutputLog(bundle)
    let all = try log.tail(nil)
    #expect(all.bytes == Array("one\ntwo\n".utf8))
    #expect(all.start == 32)
    let last = try log.tail(1)
    #expect(last.bytes == Array("two\n".utf8))
    #expect(last.start == 36)
    // Its end is followed by what is kept next, and that there is a gap is seen in where it begins.
    #expect(try log.read(from: 40).start == 100)
    try HostFile.replace(bundle.output, with: "new\n")
    let new = try log.tail(nil)
    #expect(new.bytes == Array("new\n".utf8))
    #expect(new.start == 100)
  }
}
