/// Rows in aligned columns, two spaces between. Cells are made printable; the last column is not padded.
///
/// Where there is a terminal the lines fit into it: columns that say less are left out, then long cells are shortened.
/// A lease's id is shortened to its end, by which it can be named. `--wide` shows all; so does a pipe.
struct Table {
  /// How many characters a line may have; `nil`: as many as it takes.
  @TaskLocal static var room: Int?

  /// No shortened cell is narrower.
  private static let narrowest = 9

  enum Alignment {
    case left
    case right
  }

  private var columns: [(title: String, alignment: Alignment)]
  private var rows: [[String]] = []
  private let leftOutFirst: [String]
  private let ids: Set<String>

  /// - Parameters:
  ///   - leftOutFirst: titles of columns that are left out where there is no room, in this order.
  ///   - ids: titles of columns of ids, which are told apart by their ends.
  init(_ columns: [(String, Alignment)], leavingOut leftOutFirst: [String] = [], ids: Set<String> = []) {
    self.columns = columns.map { (title: $0.0, alignment: $0.1) }
    self.leftOutFirst = leftOutFirst
    self.ids = ids
  }

  /// Columns of text, named.
  init(_ titles: String...) {
    self.init(titles.map { ($0, .left) })
  }

  var isEmpty: Bool { rows.isEmpty }

  /// - Precondition: a cell for each column.
  mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "a row has \(columns.count) cells")
    rows.append(cells.map(Terminal.printable))
  }

  /// With a line of titles and a line feed at each end.
  var text: String {
    var shown = Array(columns.indices)
    var widths = columns.indices.map { column in
      ([columns[column].title] + rows.map { $0[column] }).map(\.count).max() ?? 0
    }
    func excess() -> Int {
      guard let room = Table.room else { return 0 }
      return shown.reduce(2 * (shown.count - 1)) { $0 + widths[$1] } - room
    }
    for column in columns.indices where ids.contains(columns[column].title) && excess() > 0 {
      widths[column] = max(columns[column].title.count, min(widths[column], Table.narrowest))
    }
    for title in leftOutFirst where excess() > 0 { shown.removeAll { columns[$0].title == title } }
    // What is still too much is taken from the widest columns of words.
    while excess() > 0 {
      let words = shown.filter { columns[$0].alignment == .left && !ids.contains(columns[$0].title) }
      guard let widest = words.max(by: { widths[$0] < widths[$1] }), widths[widest] > Table.narrowest else { break }
      widths[widest] = max(Table.narrowest, widths[widest] - 1)
    }
    return ([columns.map(\.title)] + rows).map { row in line(row, shown, widths) }.joined()
  }

  private func line(_ row: [String], _ shown: [Int], _ widths: [Int]) -> String {
    var line = ""
    for column in shown {
      let cell = shortened(row[column], to: widths[column], isID: ids.contains(columns[column].title))
      let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
      if column != shown.first { line += "  " }
      line += columns[column].alignment == .right ? padding + cell : cell + padding
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }

  private func shortened(_ cell: String, to width: Int, isID: Bool) -> String {
    guard cell.count > width else { return cell }
    return isID ? "…" + cell.suffix(width - 1) : cell.prefix(width - 1) + "…"
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
