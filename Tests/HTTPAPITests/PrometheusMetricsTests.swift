import Metrics
import Testing

@testable import HTTPAPI

@Suite struct PrometheusMetricsTests {
  @Test func sameNameIsSameThing() {
    let metrics = PrometheusMetrics()
    Counter(label: "a_total", dimensions: [("x", "1"), ("b", "2")], factory: metrics).increment(by: 2)
    Counter(label: "a_total", dimensions: [("b", "2"), ("x", "1")], factory: metrics).increment()
    #expect(metrics.text() == "# TYPE a_total counter\na_total{b=\"2\",x=\"1\"} 3\n")
  }

  @Test func namesAndValuesAreMadeSafe() {
    let metrics = PrometheusMetrics()
    Gauge(label: "9 lives", dimensions: [("k-y", "a\"b\\c\nd")], factory: metrics).record(1.5)
    #expect(metrics.text() == "# TYPE __lives gauge\n__lives{k_y=\"a\\\"b\\\\c\\nd\"} 1.5\n")
  }

  @Test func bucketsAddUp() {
    let metrics = PrometheusMetrics()
    let timer = Timer(label: "t", factory: metrics)
    timer.recordMilliseconds(3)
    timer.recordSeconds(40)
    let text = metrics.text()
    #expect(text.contains("t_bucket{le=\"0.0025\"} 0\n"))
    #expect(text.contains("t_bucket{le=\"0.005\"} 1\n"))
    #expect(text.contains("t_bucket{le=\"30\"} 1\n"))
    #expect(text.contains("t_bucket{le=\"+Inf\"} 2\n"))
    #expect(text.contains("t_count 2\n"))
  }
}
