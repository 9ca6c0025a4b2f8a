import Dispatch
import Engine
import Hummingbird
import L402
import Ledger
import Synchronization
import Units

@testable import WebDAV

/// Lets everybody in, and remembers who came.
final class TestGate: DataDoorGate {
  /// What it was asked.
  struct Asked: Sendable {
    var capability: Capabilities
    var lease: LeaseID
    var path: ResourcePath
    var others: [ResourcePath]
    var caller: Caller
  }

  private let volume: Volume
  private let seen = Mutex<[Asked]>([])
  private let counted = Mutex(Traffic())
  /// What the bearers of some credentials reach.
  private let narrowed = Mutex<[String: ResourcePath]>([:])
  private let failure = Mutex<(any Error)?>(nil)
  private let serving = Atomic<Bool>(true)
  /// Leases whose work stands still until it is let go on.
  private let held = Mutex<[LeaseID: Hold]>([:])

  /// Holds the next work on a lease in which it is asked whether the lease still serves.
  final class Hold: Sendable {
    private let gate = DispatchSemaphore(value: 0)
    let reached: AsyncStream<Void>
    private let sink: AsyncStream<Void>.Continuation
    private let isOver = Atomic<Bool>(false)

    init() { (reached, sink) = AsyncStream<Void>.makeStream() }

    fileprivate func wait() {
      guard !isOver.load(ordering: .sequentiallyConsistent) else { return }
      sink.yield()
      gate.wait()
      gate.signal()
    }

    func letGo() {
      isOver.store(true, ordering: .sequentiallyConsistent)
      gate.signal()
    }
  }

  func hold(_ lease: LeaseID) -> Hold {
    let hold = Hold()
    held.withLock { $0[lease] = hold }
    return hold
  }

  init(_ volume: Volume) {
    self.volume = volume
  }

  var requests: [Asked] { seen.withLock { $0 } }
  var traffic: Traffic { counted.withLock { $0 } }
  func narrow(_ credential: String, to path: ResourcePath) { narrowed.withLock { $0[credential] = path } }
  /// Throws this for every request from now on.
  func fail(with error: any Error) { failure.withLock { $0 = error } }
  func shut() { serving.store(false, ordering: .sequentiallyConsistent) }

  func caller(_ request: Request, peer: String?) -> Caller {
    Caller(
      authorization: request.headers[values: .authorization], method: request.method.rawValue,
      address: peer.flatMap { IPAddress($0) }, addressText: peer ?? "", requestID: "test")
  }

  func admit(
    _ capability: Capabilities, to lease: LeaseID, path: ResourcePath, others: [ResourcePath], _ caller: Caller
  ) async throws -> (any Admission, Volume) {
    seen.withLock {
      $0.append(Asked(capability: capability, lease: lease, path: path, others: others, caller: caller))
    }
    if let failure = failure.withLock({ $0 }) { throw failure }
    guard serving.load(ordering: .sequentiallyConsistent) else {
      throw DoorProblem(402, .paymentRequired, "pay first")
    }
    let narrowed = narrowed.withLock { $0 }
    let within = caller.authorization.compactMap { narrowed[$0] }.first
    return (TestAdmission(gate: self, lease: lease, within: within), volume)
  }

  func usage(of lease: LeaseID) async -> VolumeUsage? { VolumeUsage(used: 1000, limit: 5000) }

  private struct TestAdmission: Admission {
    let gate: TestGate
    let lease: LeaseID
    let within: ResourcePath?
    let visitor = PortVisitor.holder

    func reaches(_ path: ResourcePath) -> Bool { within?.contains(path) ?? true }

    func isStillServing() async -> Bool { gate.serving.load(ordering: .sequentiallyConsistent) }

    func mayGoOn() -> Bool {
      gate.held.withLock { $0[lease] }?.wait()
      return gate.serving.load(ordering: .sequentiallyConsistent)
    }

    func count(_ traffic: Traffic) { gate.counted.withLock { $0 += traffic } }
  }
}
