import Engine
import Foundation
import Glibc

@testable import Drivers

/// Writes bytes that cannot be folded into less.
enum Fill {
  static func write(_ count: Int, to path: String, synchronously: Bool = true) async throws {
    try await BlockingWork.run { () throws(DriverError) in
      try writeNow(count, to: path, synchronously: synchronously)
    }
  }

  /// Removes a file and waits until its blocks are free: a program that another test is just starting has copies of all
  /// descriptors until it becomes itself, and what is open is not gone.
  static func remove(_ path: String, until isFree: () async throws -> Bool) async throws {
    try FileManager.default.removeItem(atPath: path)
    while try await !isFree() {
      try Task.checkCancellation()
      await Task.yield()
    }
  }

  private static func writeNow(_ count: Int, to path: String, synchronously: Bool) throws(DriverError) {
    let file = try Descriptor(opening: path, O_WRONLY | O_CREAT, mode: 0o644)
    let chunk = (0..<min(count, 1 << 20)).map { _ in UInt8.random(in: .min ... .max) }
    var left = count
    while left > 0 {
      left -= try systemCall("write \(path)") { Glibc.write(file.number, chunk, min(left, chunk.count)) }
    }
    if synchronously { try systemCall("fsync \(path)") { fsync(file.number) } }
  }
}
