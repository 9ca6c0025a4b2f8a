import Engine
import HTTPAPI
import Hummingbird
import L402
import NIOCore
import Synchronization
import WebDAV

/// What both doors want to know of a connection.
struct DoorContext: HTTPAPIContext, DataDoorContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

/// Lets WebDAV requests in through the engine.
struct EngineGate: DataDoorGate {
  let engine: Engine
  let proxies: TrustedProxies

  func admit(_ request: DoorRequest) async throws -> DoorAdmission {
    let client = proxies.client(
      peer: request.peerAddress, lines: proxies.header == .forwarded ? request.forwarded : request.forwardedFor)
    let caller = Caller(
      authorization: request.authorization, method: request.method, address: client.address,
      addressText: client.text,
      // Each request causes its own event: under one shared id an idle lease would be woken once and never again.
      requestID: "dav-\(UInt64.random(in: .min ... .max))")
    let (admission, volume) = try await engine.openVolume(
      request.lease, request.capability, path: request.path, others: request.otherPaths, caller)
    let serving = OpenStream(admission)
    return DoorAdmission(
      volume: volume,
      reaches: { admission.credential.covers($0) },
      usage: { [engine] in
        // A quota that cannot be read is a property that is not known.
        try? await engine.volumeUsage(of: request.lease)
      },
      stillServing: { serving.mayGoOn() },
      count: { admission.count(egress: $0.egress, ingress: $0.ingress, requests: $0.requests) })
  }
}

extension HTTPAPI {
  /// A router with every door of the daemon: files over WebDAV through the engine, then our routes.
  func routerWithEveryDoor() -> Router<DoorContext> {
    let dav = WebDAVDoor(
      gate: EngineGate(engine: engine, proxies: configuration.proxies),
      // The door's own refusals it renders itself; the engine's are rendered as everywhere.
      configuration: .init(render: { $0 is DoorProblem ? nil : problemResponse(for: $0, to: $1) }))
    return makeRouter(of: DoorContext.self, doors: [WebDAVMiddleware<DoorContext>(dav)])
  }
}

/// Answers from memory whether a stream may go on. When the lease was written meanwhile it is read again beside the
/// stream, which goes on for two seconds at the most without an answer.
private final class OpenStream: Sendable {
  private struct State {
    var lastYes = ContinuousClock.now
    var asking = false
    var ended = false
  }
  private let admission: Admission
  private let state = Mutex(State())

  init(_ admission: Admission) {
    self.admission = admission
  }

  func mayGoOn() -> Bool {
    let remembered = admission.isStillServingAsRemembered
    let (answer, ask) = state.withLock { state -> (Bool, Bool) in
      if state.ended { return (false, false) }
      switch remembered {
      case true?:
        state.lastYes = .now
        return (true, false)
      case false?:
        state.ended = true
        return (false, false)
      case nil:
        let ask = !state.asking
        state.asking = true
        return (ContinuousClock.now - state.lastYes < .seconds(2), ask)
      }
    }
    if ask {
      Task { [self] in
        let serves = await admission.isStillServing()
        state.withLock { state in
          state.asking = false
          if serves { state.lastYes = .now } else { state.ended = true }
        }
      }
    }
    return answer
  }
}
