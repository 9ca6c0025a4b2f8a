import NIOCore
import NIOHTTP1

/// A request whose bytes stopped making sense, or stopped coming, before its end. Whoever reads its body meets this;
/// the client has its answer already, where it can still have one.
public struct BrokenRequest: Error, Hashable, Sendable {
  public init() {}

  /// Whether an error says nothing but that the client has gone, or sent what cannot be read: nobody is left to be
  /// told, and nothing of ours is to be mended.
  public static func isCause(of error: any Error) -> Bool {
    switch error {
    case is BrokenRequest, is HTTPParserError, is ChannelError, is IOError, is NIOAsyncWriterError: true
    default: false
    }
  }
}
