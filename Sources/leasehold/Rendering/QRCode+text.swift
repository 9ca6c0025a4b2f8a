import QR

extension QRCode {
  /// Two rows of modules to a line, in half-block characters. As a camera wants it: dark on light, with a quiet zone of four
  /// modules.
  ///
  /// - Parameter colored: sets black on white by escape sequences. Without them the light modules are the ones that are
  ///   drawn, for terminals are dark more often than not.
  func text(colored: Bool) -> String {
    let quiet = 4
    let size = modules.count
    func isDark(_ row: Int, _ column: Int) -> Bool {
      modules.indices.contains(row) && modules.indices.contains(column) && modules[row][column]
    }
    var text = ""
    for row in stride(from: -quiet, to: size + quiet, by: 2) {
      text += colored ? "\u{1b}[97;40m" : ""
      for column in -quiet..<(size + quiet) {
        // The line below the last one of an odd number belongs to nobody, and is light like the rest of the border.
        switch (isDark(row, column), isDark(row + 1, column)) {
        case (false, false): text += "█"
        case (false, true): text += "▀"
        case (true, false): text += "▄"
        case (true, true): text += " "
        }
      }
      text += colored ? "\u{1b}[0m\n" : "\n"
    }
    return text
  }

  /// How many columns the text takes.
  var columns: Int { modules.count + 8 }
}
