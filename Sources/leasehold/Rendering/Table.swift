/// Rows in aligned columns, two spaces between. Cells are made printable; the last column is not padded.
struct Table {
  enum Alignment {
    case left
    case right
  }

  private var columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []

  init(_ columns: [(String, Alignment)]) {
    self.columns = columns.map { (title: $0.0, alignment: $0.1) }
  }

  /// Columns of text, named.
  init(_ titles: String...) {
    columns = titles.map { (title: $0, alignment: .left) }
  }

  var isEmpty: Bool { rows.isEmpty }

  /// - Precondition: a cell for each column.
  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has \(columns.count) cells")
    rows.append(cells.map(Terminal.printable))
  }

  /// With a line of titles and a line feed at each end.
  var text: String {
    let all = [columns.map(\.title)] + rows
    let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let padding = String(repeating: " ", count: widths[column] - cell.count)
        if column > 0 { line += "  " }
        line += columns[column].alignment == .right ? padding + cell : cell + padding
      }
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// Names and values, one to a line.
  static func facts(_ facts: [(String, String?)]) -> String {
    let told = facts.compactMap { name, value in value.map { (name, $0) } }
    let width = told.map(\.0.count).max() ?? 0
    return told.map { name, value in
      name + String(repeating: " ", count: width - name.count) + "  " + Terminal.printable(value) + "\n"
    }.joined()
  }
}
