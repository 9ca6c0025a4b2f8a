import Dispatch
import Foundation

/// Standard input, line by line: the next is read when it is asked for.
final class InputLines: Sendable {
  /// Longer ones are passed over, so that nobody fills the memory.
  private static let longest = 4 << 20

  private let queue = DispatchQueue(label: "leasehold.input")
  private let descriptor: Int32
  /// Touched on the queue alone, where one reads after the other.
  private nonisolated(unsafe) var ahead: [UInt8] = []

  init(_ descriptor: Int32) {
    self.descriptor = descriptor
  }

  enum Line: Sendable {
    case bytes([UInt8])
    case tooLong
  }

  /// - Returns: `nil` at the end.
  func next() async -> Line? {
    await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: self.read()) }
    }
  }

  private func read() -> Line? {
    var isTooLong = false
    var looked = 0
    while true {
      if let end = ahead[looked...].firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(ahead[..<end])
        ahead.removeSubrange(...end)
        if isTooLong { return .tooLong }
        // Between messages nothing has to be there.
        guard !line.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }) else {
          looked = 0
          continue
        }
        return .bytes(line)
      }
      looked = ahead.count
      if ahead.count > Self.longest {
        isTooLong = true
        ahead = []
        looked = 0
      }
      var piece = [UInt8](repeating: 0, count: 65_536)
      let count = Foundation.read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return nil }
      ahead += piece[..<count]
    }
  }
}
