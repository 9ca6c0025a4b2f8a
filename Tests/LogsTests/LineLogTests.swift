import Logging
import Testing

@testable import Logs

@Suite struct LineLogTests {
  private func line(_ facts: [(String, Logger.MetadataValue)], _ format: LineLog.Format) -> String {
    String(decoding: LineLog.line(.info, "something was so", facts, format), as: UTF8.self)
  }

  @Test func oneEventIsOneLine() {
    let facts: [(String, Logger.MetadataValue)] = [
      ("a", "plain"), ("b", "two words"), ("c", "x=\"y\"\n\\\t\u{1}\u{7F}é"), ("d", .stringConvertible(7)), ("e", ""),
      ("f", ["x", "y"]),
    ]
    let text = line(facts, .text)
    #expect(
      text.hasSuffix(
        #"""
         info something was so a=plain b="two words" c="x=\"y\"\n\\\t\u0001\u007fé" d=7 e="" f="[\"x\", \"y\"]"
        """# + "\n"), "\(text)")
    #expect(text.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info [^\n]*\n/) != nil, "\(text)")
    let json = line(facts, .json)
    #expect(
      json.hasSuffix(
        #"""
        ","level":"info","message":"something was so","a":"plain","b":"two words","c":"x=\"y\"\n\\\t\u0001\u007fé",\#
        "d":"7","e":"","f":"[\"x\", \"y\"]"}
        """# + "\n"), "\(json)")
    #expect(json.hasPrefix(#"{"time":""#) && json.count(where: { $0 == "\n" }) == 1)
  }

  /// What the event says goes before what the logger says, and all stand in order.
  @Test func factsStandInOrder() async throws {
    let kept = Kept()
    var log = Logger(label: "test") { _ in LineLog(logLevel: .info, format: .text, queue: kept.queue) }
    log[metadataKey: "b"] = "ours"
    log[metadataKey: "d"] = "ours"
    log.info("so", metadata: ["c": "its", "b": "its", "a": "its"])
    log.debug("not said")
    #expect(kept.text().hasSuffix(" info so a=its b=its c=its d=ours\n"))
  }
}
