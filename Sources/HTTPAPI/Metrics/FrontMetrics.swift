import HTTPTypes
import Metrics
import Synchronization

/// Requests answered, by route. The handles are kept: making one costs more than using it.
final class FrontMetrics: Sendable {
  private struct Key: Hashable {
    var method: String
    var route: String
    var status: Int
  }
  private struct Handles {
    var count: Counter
    var time: Timer
  }

  private let factory: PrometheusMetrics
  private let handles = Mutex<[Key: Handles]>([:])

  init(_ factory: PrometheusMetrics) {
    self.factory = factory
  }

  func answered(_ method: HTTPRequest.Method, _ route: String, status: Int, after elapsed: Duration) {
    // Methods are the client's words: only known ones become a label.
    let method = Self.methods.contains(method.rawValue) ? method.rawValue : "other"
    let key = Key(method: method, route: route, status: status)
    let handles = handles.withLock { known in
      if let found = known[key] { return found }
      let made = Handles(
        count: Counter(
          label: "http_requests_total",
          dimensions: [("method", method), ("route", route), ("status", String(status))], factory: factory),
        time: Timer(
          label: "http_request_seconds", dimensions: [("method", method), ("route", route)], factory: factory))
      known[key] = made
      return made
    }
    handles.count.increment()
    let parts = elapsed.components
    handles.time.recordNanoseconds(parts.seconds * 1_000_000_000 + parts.attoseconds / 1_000_000_000)
  }

  private static let methods: Set<String> = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "PROPPATCH", "MKCOL", "COPY", "MOVE", "LOCK",
    "UNLOCK",
  ]
}
