import Glibc
import Logging
import Synchronization
import Text

/// One event, one line: text for people, JSON for programs. The line is made by who logs, so that it says what was so then,
/// and written by the queue's thread.
public struct LineLog: LogHandler {
  public enum Format: String, Sendable, CaseIterable {
    case text, json
  }

  public var metadata: Logger.Metadata = [:]
  public var logLevel: Logger.Level
  private let format: Format
  private let queue: LogQueue

  public init(logLevel: Logger.Level, format: Format, queue: LogQueue) {
    self.logLevel = logLevel
    self.format = format
    self.queue = queue
  }

  /// Standard error, as a daemon writes to it.
  public static func standardError(_ format: Format) -> LogQueue {
    LogQueue { lost in
      line(.warning, "lines of the log were lost", [("lines", "\(lost)")], format)
    }
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    var facts: [(key: String, value: Logger.MetadataValue)] = []
    let own = event.metadata ?? [:]
    facts.reserveCapacity(own.count + metadata.count)
    for fact in own { facts.append(fact) }
    for fact in metadata where own[fact.key] == nil { facts.append(fact) }
    facts.sort { $0.key < $1.key }
    queue.put(Self.line(event.level, event.message.description, facts, format), isUrgent: event.level >= .warning)
  }

  static func line(
    _ level: Logger.Level, _ message: String, _ facts: [(key: String, value: Logger.MetadataValue)], _ format: Format
  ) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(256)
    switch format {
    case .text:
      LineTime.shared.append(to: &line)
      line.append(UInt8(ascii: " "))
      line.append(contentsOf: level.rawValue.utf8)
      line.append(UInt8(ascii: " "))
      line.append(contentsOf: message.utf8)
      for (key, value) in facts {
        line.append(UInt8(ascii: " "))
        line.append(contentsOf: key.utf8)
        line.append(UInt8(ascii: "="))
        append(quoted: words(value), to: &line)
      }
    case .json:
      line.append(contentsOf: "{\"time\":\"".utf8)
      LineTime.shared.append(to: &line)
      line.append(contentsOf: "\",\"level\":\"".utf8)
      line.append(contentsOf: level.rawValue.utf8)
      line.append(contentsOf: "\",\"message\":".utf8)
      append(json: message, to: &line)
      for (key, value) in facts {
        line.append(UInt8(ascii: ","))
        append(json: key, to: &line)
        line.append(UInt8(ascii: ":"))
        append(json: words(value), to: &line)
      }
      line.append(UInt8(ascii: "}"))
    }
    line.append(UInt8(ascii: "\n"))
    return line
  }

  private static func words(_ value: Logger.MetadataValue) -> String {
    switch value {
    case .string(let text): text
    case .stringConvertible(let thing): thing.description
    default: "\(value)"
    }
  }

  /// As it is where it is one word, else in quotes; a value never makes a second line.
  private static func append(quoted text: String, to line: inout [UInt8]) {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != 34 && $0 != 61 && $0 != 127 }
    if isPlain { line.append(contentsOf: text.utf8) } else { append(json: text, to: &line) }
  }

  private static func append(json text: String, to line: inout [UInt8]) {
    JSONString.append(text, to: &line, .init(namesLines: true))
  }
}

/// The moment in front of a line, `2026-11-22T18:00:00.123Z`; all but its thousandths is made once a second.
private final class LineTime: Sendable {
  static let shared = LineTime()
  private let made = Mutex<(second: time_t, text: [UInt8])>((.min, []))

  func append(to line: inout [UInt8]) {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    let text = made.withLock { made in
      if made.second != now.tv_sec { made = (now.tv_sec, Self.text(of: now.tv_sec)) }
      return made.text
    }
    line.append(contentsOf: text)
    let thousandths = UInt16(truncatingIfNeeded: now.tv_nsec / 1_000_000)
    line.append(UInt8(ascii: "."))
    line.append(UInt8(ascii: "0") + UInt8(thousandths / 100 % 10))
    line.append(UInt8(ascii: "0") + UInt8(thousandths / 10 % 10))
    line.append(UInt8(ascii: "0") + UInt8(thousandths % 10))
    line.append(UInt8(ascii: "Z"))
  }

  private static func text(of second: time_t) -> [UInt8] {
    var second = second
    var parts = tm()
    gmtime_r(&second, &parts)
    func two(_ number: CInt) -> String { number < 10 ? "0\(number)" : "\(number)" }
    let day = "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    return Array("\(day)T\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec))".utf8)
  }
}
