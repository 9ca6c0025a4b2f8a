import Engine
import Hummingbird
import L402
import Ledger

/// Whoever decides whether a data door serves: the composition root fulfils it through the engine.
public protocol DataDoorGate: Sendable {
  /// Who asks.
  ///
  /// - Parameter peer: the IP address of whatever sits at the other end of the connection.
  func caller(_ request: Request, peer: String?) -> Caller

  /// Lets a request in, or throws why not. Called once for each request, before a byte of its body is read.
  ///
  /// - Parameters:
  ///   - capability: what the method needs: reading, writing, or both where something is carried from one place to another.
  ///   - path: inside the volume, decoded once.
  ///   - others: the other paths inside the volume that the request names: `Destination`, and the URLs in `If`. A
  ///     credential narrowed to a path must cover each of them.
  /// - Throws: ``DoorProblem``, or any error that the door's renderer knows how to answer (`402` with its challenge,
  ///   `401`, `410` …).
  func admit(
    _ capability: Capabilities, to lease: LeaseID, path: ResourcePath, others: [ResourcePath], _ caller: Caller
  ) async throws -> (any Admission, Volume)

  /// For the quota properties; asked only when a client asks. `nil`: not known.
  func usage(of lease: LeaseID) async -> VolumeUsage?
}
