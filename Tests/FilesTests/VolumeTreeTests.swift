import Glibc
import Ledger
import NIOCore
import TestKit
import Testing

@testable import Files

@Suite struct VolumeTreeTests {
  private static let lease = LeaseID(unixMilliseconds: 1_700_000_000_000, random: (7, 44))

  /// What crashes have left in folders that nobody looks into.
  @Test func aFullDiskIsSwept() throws {
    let disk = try Disk()
    try disk.makeFolder("a/b/.leasehold~old/below")
    try disk.makeFolder("a/.leasehold~new")
    let tree = try VolumeTree(disk.volume)
    // Nobody can make a thing look old to the sweep (it goes by the change time), so this one finds nothing to do.
    try tree.sweepAll(stop: .never)
    #expect(disk.names == ["a", "a/.leasehold~new", "a/b", "a/b/.leasehold~old", "a/b/.leasehold~old/below"])
    let later: Int64 = 4_000
    #expect(try VolumeTree.mayBeSwept(Place(folder: tree.root, name: "a"), at: HTTPDate.now() + later))
    #expect(try !VolumeTree.mayBeSwept(Place(folder: tree.root, name: "a"), at: HTTPDate.now()))
    try tree.sweepAll(stop: .never, at: HTTPDate.now() + later)
    #expect(disk.names == ["a", "a/b"])
    let sweeps = Sweeps()
    let now = ContinuousClock.now
    #expect(sweeps.isDue(Self.lease, at: now))
    #expect(!sweeps.isDue(Self.lease, at: now + .seconds(599)))
    #expect(sweeps.isDue(Self.lease, at: now + .seconds(600)))
  }

  @Test(.needs(.root)) func filesBelongToTheLease() async throws {
    let disk = try Disk()
    var volume = disk.volume
    volume.uid = 123_456
    volume.gid = 123_457
    let tree = try VolumeTree(volume)
    try tree.makeDirectory(Place(folder: tree.root, name: "folder"))
    let pending = try PendingFile(Place(folder: tree.root, name: "file"), in: tree, expecting: 2 << 20)
    try pending.write([ByteBuffer(string: "hello "), ByteBuffer(string: "world")], at: 0)
    #expect(disk.names == ["folder"])
    #expect(try pending.install { _ throws(FileFault) in }.replaced == false)
    #expect(disk.read("file") == "hello world")
    for name in ["folder", "file"] {
      var status = stat()
      stat(disk.path(name), &status)
      #expect(status.st_uid == 123_456)
      #expect(status.st_gid == 123_457)
      #expect(status.st_mode & 0o7777 == (name == "file" ? 0o644 : 0o755))
    }
  }
}
