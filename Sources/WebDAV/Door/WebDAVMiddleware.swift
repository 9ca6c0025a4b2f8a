import HTTPServing
import Hummingbird
import NIOCore

/// A request context that knows its connection.
public protocol DataDoorContext: RequestContext {
  var channel: any Channel { get }
}

/// Hands the door what is the door's and everything else on. It sees the path as it was sent, before any router does.
public struct WebDAVMiddleware<Context: DataDoorContext>: HTTPDoor {
  private let door: WebDAVDoor

  public var prefixes: [DoorPrefix] { [Target.prefix] }

  public init(_ door: WebDAVDoor) {
    self.door = door
  }

  public func handle(
    _ request: Request, context: Context, next: (Request, Context) async throws -> Response
  ) async throws -> Response {
    if let greeting = WebDAVDoor.greeting(for: request) { return greeting }
    guard let path = request.head.path, Target.prefix.covers(path) else { return try await next(request, context) }
    return await door.respond(to: request, channel: context.channel, logger: context.logger)
  }
}
