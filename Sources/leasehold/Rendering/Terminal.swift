import Foundation

/// The three streams.
enum Terminal {
  static let errorIsTTY = isatty(2) == 1

  static let outputIsTTY = isatty(1) == 1

  /// Escape sequences go to terminals only, and to none that says no (https://no-color.org).
  static let errorHasColors: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return errorIsTTY && environment["TERM"] != "dumb" && (environment["NO_COLOR"] ?? "").isEmpty
  }()

  /// How wide the terminal is; `nil` where there is none.
  static var errorColumns: Int? {
    var size = winsize()
    guard errorIsTTY, ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// The same for what is put out.
  static var outputColumns: Int? {
    var size = winsize()
    guard outputIsTTY else { return nil }
    return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// Whether somebody is there to be asked.
  static let hasPerson = isatty(0) == 1 && errorIsTTY

  /// Asks on standard error, and reads a line from standard input: only `y` and `yes` are yes.
  static func asks(_ question: String) -> Bool {
    writeError(printable(question) + " [y/N] ")
    let answer = readLine().map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
    if answer == nil { writeError("\n") }
    return answer == "y" || answer == "yes"
  }

  static func write(_ text: String) { write(Array(text.utf8), to: 1) }
  static func writeError(_ text: String) { write(Array(text.utf8), to: 2) }

  /// One line that says what is wrong.
  static func complain(_ text: String) { writeError("leasehold: \(printable(text))\n") }

  /// A remark for a person, beside what a command puts out.
  static func remark(_ text: String) { writeError(printable(text) + "\n") }

  /// Everything, or nothing more: a reader that went away wants no more.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      if count >= 0 {
        rest = rest.dropFirst(count)
      } else if errno != EINTR {
        return
      }
    }
  }

  /// Text from elsewhere, without the control characters that could move a terminal's cursor or recolour it.
  static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}
