import Hummingbird
import NIOCore

/// A request context that knows its connection: where the request comes from, and what to close when it misbehaves.
public protocol HTTPAPIContext: RequestContext {
  var channel: any Channel { get }
}

extension HTTPAPIContext {
  /// The framework keeps it in the logger's metadata, where a log handler that keeps nothing loses it.
  var requestID: String {
    logger[metadataKey: "hb.request.id"].map { "\($0)" } ?? "\(RequestID())"
  }
}

/// The least such context, for a daemon that has no other door.
public struct BasicHTTPAPIContext: HTTPAPIContext {
  public var coreContext: CoreRequestContextStorage
  public let channel: any Channel

  public init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}
