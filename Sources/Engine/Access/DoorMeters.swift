import Leasing
import Ledger
import Synchronization
import Units

/// What passed through this daemon's doors, lease by lease (monotonic counters). Cumulative since the daemon started:
/// its start is the incarnation, so a lost sample heals with the next and a repeated one changes nothing.
final class DoorMeters: Sendable {
  private struct Counts {
    var traffic = Traffic()
    var changed = false
  }
  let incarnation: Int64 = .random(in: (1 << 32)...(1 << 62))
  private let counts = Mutex<[LeaseID: Counts]>([:])

  func count(_ lease: LeaseID, _ traffic: Traffic) {
    counts.withLock {
      $0[lease, default: Counts()].traffic += traffic
      $0[lease, default: Counts()].changed = true
    }
  }

  /// Readings of what has changed since the last call.
  func readings(at now: Instant) -> [MeterReading] {
    counts.withLock { counts in
      var readings: [MeterReading] = []
      for (lease, count) in counts where count.changed {
        for (meter, value) in [
          (Meter.egress, count.traffic.egress), (.ingress, count.traffic.ingress), (.requests, count.traffic.requests),
        ] {
          readings.append(
            MeterReading(lease: lease, incarnation: incarnation, meter: meter, value: .counter(value), at: now))
        }
        counts[lease]?.changed = false
      }
      return readings
    }
  }

  /// The readings could not be stored: they are due again.
  func restore(_ readings: [MeterReading]) {
    counts.withLock { counts in
      for reading in readings { counts[reading.lease]?.changed = true }
    }
  }

  func forget(_ lease: LeaseID) {
    counts.withLock { $0[lease] = nil }
  }
}
