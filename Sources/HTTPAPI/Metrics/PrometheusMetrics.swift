import Metrics
import Synchronization

/// Keeps what swift-metrics is told, and says it in Prometheus' text format (version 0.0.4).
///
/// Counters, meters and histograms by label and dimensions. A thing asked for twice is the same thing.
public final class PrometheusMetrics: MetricsFactory, Sendable {
  struct Name: Hashable {
    var label: String
    /// As they stand between the braces, sorted.
    var dimensions: String
  }

  private struct Instruments {
    var counters: [Name: PrometheusNumber] = [:]
    var meters: [Name: PrometheusNumber] = [:]
    var histograms: [Name: PrometheusHistogram] = [:]
  }

  private let instruments = Mutex(Instruments())

  public init() {}

  // MARK: MetricsFactory

  public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
    counter(label, dimensions)
  }
  public func makeFloatingPointCounter(
    label: String, dimensions: [(String, String)]
  ) -> any FloatingPointCounterHandler {
    counter(label, dimensions)
  }
  public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
    let name = PrometheusText.name(label, dimensions)
    return instruments.withLock { $0.meters.make(name) { PrometheusNumber() } }
  }
  public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
    guard aggregate else {
      let name = PrometheusText.name(label, dimensions)
      return instruments.withLock { $0.meters.make(name) { PrometheusNumber() } }
    }
    return histogram(label, dimensions)
  }
  public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
    histogram(label, dimensions)
  }

  public func destroyCounter(_ handler: any CounterHandler) { drop { $0.counters.remove(handler) } }
  public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {
    drop { $0.counters.remove(handler) }
  }
  public func destroyMeter(_ handler: any MeterHandler) { drop { $0.meters.remove(handler) } }
  public func destroyRecorder(_ handler: any RecorderHandler) {
    drop {
      $0.meters.remove(handler)
      $0.histograms.remove(handler)
    }
  }
  public func destroyTimer(_ handler: any TimerHandler) { drop { $0.histograms.remove(handler) } }

  private func counter(_ label: String, _ dimensions: [(String, String)]) -> PrometheusNumber {
    let name = PrometheusText.name(label, dimensions)
    return instruments.withLock { $0.counters.make(name) { PrometheusNumber() } }
  }

  private func histogram(_ label: String, _ dimensions: [(String, String)]) -> PrometheusHistogram {
    let name = PrometheusText.name(label, dimensions)
    return instruments.withLock { $0.histograms.make(name) { PrometheusHistogram() } }
  }

  private func drop(_ body: (inout Instruments) -> Void) { instruments.withLock { body(&$0) } }

  // MARK: Saying it

  /// Everything that is kept, sorted by name.
  public func text() -> String {
    let instruments = instruments.withLock { $0 }
    var text = PrometheusText()
    for (label, members) in Self.grouped(instruments.counters) {
      text.header(label, "counter")
      for (name, number) in members { text.line(label, name.dimensions, number.value) }
    }
    for (label, members) in Self.grouped(instruments.meters) {
      text.header(label, "gauge")
      for (name, number) in members { text.line(label, name.dimensions, number.value) }
    }
    for (label, members) in Self.grouped(instruments.histograms) {
      text.header(label, "histogram")
      for (name, histogram) in members { text.histogram(label, name.dimensions, histogram.snapshot) }
    }
    return text.text
  }

  private static func grouped<Thing>(_ things: [Name: Thing]) -> [(String, [(Name, Thing)])] {
    Dictionary(grouping: things.map { ($0.key, $0.value) }) { $0.0.label }
      .map { ($0.key, $0.value.sorted { $0.0.dimensions < $1.0.dimensions }) }.sorted { $0.0 < $1.0 }
  }
}

extension Dictionary where Key == PrometheusMetrics.Name, Value: AnyObject {
  fileprivate mutating func make(_ name: Key, _ body: () -> Value) -> Value {
    if let found = self[name] { return found }
    let made = body()
    self[name] = made
    return made
  }

  fileprivate mutating func remove(_ handler: AnyObject) { self = filter { $0.value !== handler } }
}

/// A counter or a gauge.
final class PrometheusNumber: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, Sendable {
  private let number = Mutex<Double>(0)

  var value: Double { number.withLock { $0 } }

  func increment(by amount: Int64) { number.withLock { $0 += Double(amount) } }
  func increment(by amount: Double) { number.withLock { $0 += amount } }
  func decrement(by amount: Double) { number.withLock { $0 -= amount } }
  func set(_ value: Int64) { number.withLock { $0 = Double(value) } }
  func set(_ value: Double) { number.withLock { $0 = value } }
  func record(_ value: Int64) { set(value) }
  func record(_ value: Double) { set(value) }
  func reset() { set(0.0) }
}

/// Times in seconds, or recorded values, in buckets from 1 ms to 30 s.
final class PrometheusHistogram: TimerHandler, RecorderHandler, Sendable {
  static let bounds: [Double] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

  struct Snapshot {
    /// One for each bound, and one for what lies above; not cumulative.
    var counts = [Int](repeating: 0, count: PrometheusHistogram.bounds.count + 1)
    var sum = 0.0
  }
  private let state = Mutex(Snapshot())

  var snapshot: Snapshot { state.withLock { $0 } }

  func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1_000_000_000) }
  func record(_ value: Int64) { record(Double(value)) }
  func record(_ value: Double) {
    let bucket = Self.bounds.firstIndex { value <= $0 } ?? Self.bounds.count
    state.withLock {
      $0.counts[bucket] += 1
      $0.sum += value
    }
  }
}
