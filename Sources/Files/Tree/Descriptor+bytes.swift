import CLinux
import Glibc
import NIOCore

extension Descriptor {
  /// Up to `count` bytes at an offset; none at the end of the file.
  func read(at offset: Int64, upTo count: Int) throws(FileFault) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: count)
    var failure: CInt = 0
    buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
      while true {
        let read = pread(number, bytes.baseAddress, count, off_t(offset))
        if read >= 0 { return read }
        failure = errno
        guard failure == EINTR else { return 0 }
        failure = 0
      }
    }
    guard failure == 0 else { throw FileFault(failure, "read") }
    return buffer
  }

  /// Writes the readable bytes of the buffers, one after the other, at an offset.
  public func write(_ buffers: [ByteBuffer], at offset: Int64) throws(FileFault) {
    var offset = offset
    for buffer in buffers {
      let fault = buffer.withUnsafeReadableBytes { bytes -> FileFault? in
        var rest = bytes[...]
        while !rest.isEmpty {
          let piece = UnsafeRawBufferPointer(rebasing: rest)
          let written = pwrite(number, piece.baseAddress, piece.count, off_t(offset))
          if written < 0 {
            if errno == EINTR { continue }
            return FileFault(errno, "write")
          }
          // A write of nothing is how some file systems say that they are full.
          guard written > 0 else { return FileFault(.noSpace, "write") }
          offset += Int64(written)
          rest = rest.dropFirst(written)
        }
        return nil
      }
      if let fault { throw fault }
    }
  }

  /// Reserves room for what is going to be long, so that what cannot fit is refused before it is sent.
  ///
  /// - Throws: `.noSpace`; a file system that reserves nothing is no reason to refuse.
  func reserve(_ length: Int64) throws(FileFault) {
    guard length >= 1 << 20, leasehold_reserve(number, off_t(length)) != 0 else { return }
    let fault = FileFault(errno, "fallocate")
    guard fault.kind != .noSpace else { throw fault }
  }

  /// Sets the modification time, in whole seconds since 1970.
  public func setModified(_ seconds: Int64) throws(FileFault) {
    let time = timespec(tv_sec: Int(seconds), tv_nsec: 0)
    let times = [time, time]
    guard futimens(number, times) == 0 else { throw FileFault(errno, "futimens") }
  }
}
