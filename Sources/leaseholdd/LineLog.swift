import Foundation
import Logging

/// One event, one line, on standard error: text for people, JSON for programs.
struct LineLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  let format: Configuration.LogFormat
  let label: String

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let facts = metadata.merging(event.metadata ?? [:]) { _, new in new }.sorted { $0.key < $1.key }
    let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    var line: String
    switch format {
    case .text:
      line = "\(time) \(event.level) \(event.message)"
      for (key, value) in facts { line += " \(key)=\(LineLog.quoted("\(value)"))" }
    case .json:
      line = "{\"time\":\"\(time)\",\"level\":\"\(event.level)\",\"message\":\(LineLog.json("\(event.message)"))"
      for (key, value) in facts { line += ",\(LineLog.json(key)):\(LineLog.json("\(value)"))" }
      line += "}"
    }
    line += "\n"
    // One write, so that lines of several threads do not mix.
    var bytes = line
    bytes.withUTF8 { buffer in _ = write(STDERR_FILENO, buffer.baseAddress, buffer.count) }
  }

  /// As it is where it is one word, else in quotes; a value never makes a second line.
  private static func quoted(_ text: String) -> String {
    let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != 34 && $0 != 61 && $0 != 127 }
    return isPlain ? text : json(text)
  }

  private static func json(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\t": out += "\\t"
      default:
        if scalar.value < 32 || scalar.value == 127 {
          out += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
