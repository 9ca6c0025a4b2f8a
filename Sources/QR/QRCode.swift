import CQREncode

/// A QR code (ISO/IEC 18004).
public struct QRCode: Hashable, Sendable {
  /// Row by row; true is dark.
  public let modules: [[Bool]]

  /// - Returns: `nil` for text that is empty or too long for a QR code (some 4,000 letters).
  public init?(_ text: String) {
    // Eight-bit mode falls back to the alphanumeric one wherever it can: an invoice in capitals is a third smaller.
    guard !text.isEmpty, let code = QRcode_encodeString(text, 0, QR_ECLEVEL_L, QR_MODE_8, 1) else { return nil }
    defer { QRcode_free(code) }
    let width = Int(code.pointee.width)
    guard let data = code.pointee.data else { return nil }
    modules = (0..<width).map { row in (0..<width).map { data[row * width + $0] & 1 == 1 } }
  }

  /// Without scripts, pictures or styles, so that mail programs show it: a table, dark on light, with a quiet zone of four
  /// modules. What is alike in a row is one cell.
  public var table: String {
    let quiet = 4
    let size = modules.count
    var text = "<table cellpadding=\"0\" cellspacing=\"0\" border=\"0\" bgcolor=\"#ffffff\">"
    for row in -quiet..<(size + quiet) {
      text += "<tr height=\"5\">"
      var column = -quiet
      while column < size + quiet {
        let isDark = isDark(row, column)
        var end = column + 1
        while end < size + quiet, self.isDark(row, end) == isDark { end += 1 }
        text +=
          "<td width=\"\(5 * (end - column))\" height=\"5\" colspan=\"\(end - column)\""
          + (isDark ? " bgcolor=\"#000000\"" : "") + "></td>"
        column = end
      }
      text += "</tr>\n"
    }
    return text + "</table>\n"
  }

  /// A drawing for pages that allow neither scripts nor pictures: as wide as it is let, dark on light, with a quiet zone of
  /// four modules.
  public var svg: String {
    let quiet = 4
    let size = modules.count + 2 * quiet
    var path = ""
    for (row, line) in modules.enumerated() {
      var column = 0
      while column < line.count {
        guard line[column] else {
          column += 1
          continue
        }
        let end = line[column...].firstIndex(of: false) ?? line.count
        path += "M\(column + quiet) \(row + quiet)h\(end - column)v1H\(column + quiet)z"
        column = end
      }
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" role="img" aria-label="QR code" \
      shape-rendering="crispEdges"><rect width="\(size)" height="\(size)" fill="#fff"/><path fill="#000" d="\(path)"/></svg>

      """
  }

  private func isDark(_ row: Int, _ column: Int) -> Bool {
    modules.indices.contains(row) && modules.indices.contains(column) && modules[row][column]
  }
}
