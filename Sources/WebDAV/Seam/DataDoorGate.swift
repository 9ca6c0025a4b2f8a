import Engine
import L402
import Ledger

/// Whoever decides whether a data door serves: the composition root fulfils it through the engine.
public protocol DataDoorGate: Sendable {
  /// Lets a request in, or throws why not. Called once for each request, before a byte of its body is read.
  ///
  /// - Throws: ``DoorProblem``, or any error that the door's renderer knows how to answer (`402` with its challenge,
  ///   `401`, `410` …).
  func admit(_ request: DoorRequest) async throws -> DoorAdmission
}

/// What is asked, and with what right.
public struct DoorRequest: Sendable {
  /// In capitals.
  public var method: String
  public var lease: LeaseID
  /// Inside the volume, decoded once.
  public var path: ResourcePath
  /// The other paths inside the volume that the request names: `Destination`, and the URLs in `If`. A credential
  /// narrowed to a path must cover each of them.
  public var otherPaths: [ResourcePath]
  /// What the method needs: reading, writing, or both where something is carried from one place to another.
  public var capability: Capabilities
  /// The values of the `Authorization` lines, in order.
  public var authorization: [String]
  /// The values of the `Accept-Authenticate` lines.
  public var acceptAuthenticate: [String]
  /// The peer's IP address, of whatever sits at the other end of the connection.
  public var peerAddress: String?
  /// The values of the `X-Forwarded-For` lines: to be believed only when the peer is a configured proxy.
  public var forwardedFor: [String]
  /// The same of the `Forwarded` lines.
  public var forwarded: [String]

  public init(
    method: String, lease: LeaseID, path: ResourcePath, otherPaths: [ResourcePath] = [], capability: Capabilities,
    authorization: [String] = [], acceptAuthenticate: [String] = [], peerAddress: String? = nil,
    forwardedFor: [String] = [], forwarded: [String] = []
  ) {
    self.method = method
    self.lease = lease
    self.path = path
    self.otherPaths = otherPaths
    self.capability = capability
    self.authorization = authorization
    self.acceptAuthenticate = acceptAuthenticate
    self.peerAddress = peerAddress
    self.forwardedFor = forwardedFor
    self.forwarded = forwarded
  }
}

/// The permission to serve one request.
public struct DoorAdmission: Sendable {
  public var volume: Volume
  /// Whether the credential reaches a path inside the volume. A lock may begin above what it reaches: such a lock is not
  /// told of, and not taken off.
  public var reaches: @Sendable (ResourcePath) -> Bool
  /// For the quota properties; asked only when a client asks. `nil`: not known.
  public var usage: @Sendable () async -> VolumeUsage?
  /// Whether a stream that is open may go on. Asked each second and every 4 MiB, on an event loop: it must answer at
  /// once, from memory.
  public var stillServing: @Sendable () -> Bool
  /// Told what was moved, every 4 MiB and at the end. Must return at once.
  public var count: @Sendable (DoorTraffic) -> Void

  public init(
    volume: Volume, reaches: @escaping @Sendable (ResourcePath) -> Bool = { _ in true },
    usage: @escaping @Sendable () async -> VolumeUsage? = { nil },
    stillServing: @escaping @Sendable () -> Bool = { true },
    count: @escaping @Sendable (DoorTraffic) -> Void = { _ in }
  ) {
    self.volume = volume
    self.reaches = reaches
    self.usage = usage
    self.stillServing = stillServing
    self.count = count
  }
}

/// What went through a door since it was last told. Bodies only: headers are free.
public struct DoorTraffic: Hashable, Sendable {
  public var requests: Int64
  /// Bytes from the client.
  public var ingress: Int64
  /// Bytes to the client.
  public var egress: Int64

  public init(requests: Int64 = 0, ingress: Int64 = 0, egress: Int64 = 0) {
    self.requests = requests
    self.ingress = ingress
    self.egress = egress
  }
}
