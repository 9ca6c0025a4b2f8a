import Yams

/// What is wrong with a configuration, with the place it stands in.
struct ConfigurationFault: Error, CustomStringConvertible {
  var file: String
  var line: Int?
  var path: String
  var words: String

  var description: String {
    "\(file)\(line.map { ":\($0)" } ?? ""): \(path.isEmpty ? "" : "\(path): ")\(words)"
  }
}

/// One node of the configuration, with its path. Reads strictly: a key nobody asked for is a fault.
struct YAMLReader {
  let file: String
  let path: String
  let node: Node?
  let environment: [String: String]
  /// Which variables of the environment could have had a say.
  let overrides: Overrides

  /// `file` is used in messages only.
  init(file: String, text: String, environment: [String: String]) throws {
    self.file = file
    path = ""
    self.environment = environment
    overrides = Overrides()
    do {
      node = try Yams.compose(yaml: text)
    } catch let error as YamlError {
      throw ConfigurationFault(file: file, line: nil, path: "", words: "\(error)")
    }
  }

  private init(_ parent: YAMLReader, _ path: String, _ node: Node?) {
    file = parent.file
    environment = parent.environment
    overrides = parent.overrides
    self.path = path
    self.node = node
  }

  var exists: Bool { node != nil }

  func fault(_ words: String) -> ConfigurationFault {
    ConfigurationFault(file: file, line: node?.mark?.line, path: path, words: words)
  }

  subscript(key: String) -> YAMLReader {
    YAMLReader(self, path.isEmpty ? key : "\(path).\(key)", node?.mapping?[Node(key)])
  }

  /// Says which keys there may be; any other is a fault. Where a key ends in `_seconds`, the same without it is a time
  /// as a person writes it.
  func allow(_ keys: String...) throws {
    let keys = keys.flatMap { key in
      key.hasSuffix("_seconds") ? [String(key.dropLast("_seconds".count)), key] : [key]
    }
    guard let node else { return }
    guard let mapping = node.mapping else { throw fault("expected a mapping") }
    for (key, value) in mapping {
      guard let name = key.string, keys.contains(name) else {
        throw ConfigurationFault(
          file: file, line: (key.mark ?? value.mark)?.line, path: path,
          words: "unknown key '\(key.string ?? "?")'; there may be: \(keys.joined(separator: ", "))")
      }
    }
  }

  var items: [YAMLReader] {
    get throws {
      guard let node else { return [] }
      guard let sequence = node.sequence else { throw fault("expected a list") }
      return sequence.enumerated().map { YAMLReader(self, "\(path)[\($0.offset)]", $0.element) }
    }
  }

  /// A scalar's text: the environment's, where it has one for this path.
  private var text: String? {
    get throws {
      if !path.contains("[") {
        let name = Overrides.prefix + path.uppercased().replacing(".", with: "_")
        overrides.ask(for: name)
        if let override = environment[name] { return override }
      }
      guard let node else { return nil }
      guard let scalar = node.scalar else { throw fault("expected a single value") }
      return scalar.string
    }
  }

  func string(default value: String? = nil) throws -> String {
    if let text = try text { return text }
    guard let value else { throw fault("is missing") }
    return value
  }

  func optionalString() throws -> String? { try text }

  func integer(in range: ClosedRange<Int64>, default value: Int64? = nil) throws -> Int64 {
    guard let text = try text else {
      guard let value else { throw fault("is missing") }
      return value
    }
    guard let number = Int64(text.replacing("_", with: "")) else {
      throw fault("expected a whole number, found '\(text)'")
    }
    guard range.contains(number) else {
      throw fault("\(number) is out of range: \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A span of time under `name`, as a person writes it (`1h`, `2d 12h`), or under `name_seconds`, as a number.
  ///
  /// - Parameter range: in seconds.
  func duration(_ name: String, in range: ClosedRange<Int64>, default value: Int64? = nil) throws -> Int64 {
    let (words, seconds) = (self[name], self[name + "_seconds"])
    guard let text = try words.text else { return try seconds.integer(in: range, default: value) }
    guard try seconds.text == nil else { throw words.fault("either \(name) or \(name)_seconds") }
    guard let count = Span.seconds(text) else {
      throw words.fault("expected a time such as 90s, 15m, 1h, 7d or '2d 12h', found '\(text)'")
    }
    guard range.contains(count) else {
      throw words.fault(
        "\(text) is out of range: \(Span.text(range.lowerBound)) to \(Span.text(range.upperBound))")
    }
    return count
  }

  /// Where a span of time was written, for faults that are found later.
  func place(ofDuration name: String) -> YAMLReader {
    let words = self[name]
    return words.exists ? words : self[name + "_seconds"]
  }

  func boolean(default value: Bool) throws -> Bool {
    switch try text {
    case nil: value
    case "true", "yes": true
    case "false", "no": false
    case let text?: throw fault("expected true or false, found '\(text)'")
    }
  }

  func strings() throws -> [String] { try items.map { try $0.string() } }
}
