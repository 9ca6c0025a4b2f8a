import CLinux
import Engine
import Glibc
import L402
import NIOCore

extension VolumeTree {
  /// A regular file, open for reading, when all that leads to it lies in the kernel's caches: this never waits for a disk,
  /// so any thread may ask. `nil` says nothing: ask ``place(of:)`` on a worker's thread.
  public static func cachedFile(_ path: ResourcePath, in volume: Volume) -> (file: Descriptor, entry: Entry)? {
    let segments = path.segments
    guard !segments.isEmpty else { return nil }
    let root = leasehold_open_cached(volume.root, leasehold_flag_path | O_DIRECTORY)
    guard root >= 0 else { return nil }
    defer { close(root) }
    let beneath = segments.joined(separator: "/")
    // What it is comes first: a device is not opened to see.
    let name = leasehold_open_beneath_cached(root, beneath, leasehold_flag_path)
    guard name >= 0 else { return nil }
    var status = stat()
    let isKnown = fstat(name, &status) == 0
    close(name)
    guard isKnown, Entry(status).kind == .file else { return nil }
    let file = leasehold_open_beneath_cached(root, beneath, O_RDONLY | O_NONBLOCK | O_NOCTTY)
    guard file >= 0 else { return nil }
    let opened = Descriptor(owning: file)
    // What cannot be said of it here is asked again on a worker's thread.
    guard let entry = try? opened.entry(), entry.kind == .file else { return nil }
    return (opened, entry)
  }
}

extension Descriptor {
  /// Bytes of a file that lie in the page cache, all of them or `nil`: never waits for a disk.
  public func cachedBytes(_ range: Range<Int64>) -> ByteBuffer? {
    var buffer = ByteBufferAllocator().buffer(capacity: range.count)
    let count = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: range.count) { bytes in
      max(0, leasehold_read_cached(number, bytes.baseAddress, range.count, off_t(range.lowerBound)))
    }
    return count == range.count ? buffer : nil
  }

  /// The bytes of a range that lies in the file. Blocks.
  ///
  /// - Throws: `.busy` when the file has become shorter meanwhile.
  public func bytes(_ range: Range<Int64>) throws(FileFault) -> ByteBuffer {
    var whole = try read(at: range.lowerBound, upTo: range.count)
    while whole.readableBytes < range.count {
      var piece = try read(at: range.lowerBound + Int64(whole.readableBytes), upTo: range.count - whole.readableBytes)
      guard piece.readableBytes > 0 else { throw FileFault(.busy, "read") }
      whole.writeBuffer(&piece)
    }
    return whole
  }
}
