import Hummingbird
import NIOCore

/// A request context that knows its connection: where the request comes from, and what to close when it misbehaves.
public protocol HTTPAPIContext: RequestContext {
  var channel: any Channel { get }
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
