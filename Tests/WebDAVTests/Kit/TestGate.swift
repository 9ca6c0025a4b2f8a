import Engine
import L402
import Ledger
import Synchronization
import Units

@testable import WebDAV

/// Lets everybody in, and remembers who came.
final class TestGate: DataDoorGate {
  private let volume: Volume
  private let seen = Mutex<[DoorRequest]>([])
  private let counted = Mutex(DoorTraffic())
  /// What the bearers of some credentials reach.
  private let narrowed = Mutex<[String: ResourcePath]>([:])
  private let serving = Atomic<Bool>(true)

  init(_ volume: Volume) {
    self.volume = volume
  }

  var requests: [DoorRequest] { seen.withLock { $0 } }
  var traffic: DoorTraffic { counted.withLock { $0 } }
  func narrow(_ credential: String, to path: ResourcePath) { narrowed.withLock { $0[credential] = path } }
  func shut() { serving.store(false, ordering: .sequentiallyConsistent) }

  func admit(_ request: DoorRequest) async throws -> DoorAdmission {
    seen.withLock { $0.append(request) }
    guard serving.load(ordering: .sequentiallyConsistent) else {
      throw DoorProblem(402, "payment-required", "pay first")
    }
    let narrowed = narrowed.withLock { $0 }
    let within = request.authorization.compactMap { narrowed[$0] }.first
    return DoorAdmission(
      volume: volume, reaches: { within?.contains($0) ?? true },
      usage: { VolumeUsage(used: 1000, limit: 5000) },
      stillServing: { [self] in serving.load(ordering: .sequentiallyConsistent) },
      count: { [self] traffic in
        counted.withLock {
          $0.requests += traffic.requests
          $0.ingress += traffic.ingress
          $0.egress += traffic.egress
        }
      })
  }
}
