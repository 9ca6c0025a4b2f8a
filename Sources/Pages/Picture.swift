import QR

/// A QR code as a picture.
enum Picture {
  /// Dark on light whatever the page's colours are, for cameras; `nil` for what does not fit.
  static func svg(_ text: String, title: String) -> String? {
    guard let code = QRCode(text) else { return nil }
    // A quiet zone of four modules, as the standard wants.
    let size = code.modules.count + 8
    var path = ""
    for (y, row) in code.modules.enumerated() {
      var x = 0
      while x < row.count {
        guard row[x] else {
          x += 1
          continue
        }
        let begin = x
        while x < row.count, row[x] { x += 1 }
        path += "M\(begin + 4) \(y + 4)h\(x - begin)v1h-\(x - begin)z"
      }
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size) \(size)" role="img" aria-label="\(title)" \
      shape-rendering="crispEdges"><path fill="#fff" d="M0 0h\(size)v\(size)H0z"/><path fill="#000" d="\(path)"/></svg>
      """
  }
}
