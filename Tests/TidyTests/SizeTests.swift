import Testing

/// Functions fit a screen, types are one thing each, and what nobody names is not there.
@Suite struct SizeTests {
  private static let longestFunction = 70
  private static let mostMethods = 40
  /// Types that are one thing and large all the same: what they may grow to, and why.
  private static let large: [String: (most: Int, why: String)] = [
    "PostgresTransaction": (250, "each statement once: one method for each row protocol's"),
    "LeaseholdClient": (125, "the library that others import: one method for each thing a renter can ask"),
    "Step": (78, "the machine: one method for each event and what they share"),
    "WebDAVDoor": (60, "one method for each verb and what they share"),
    "HTTPAPI": (70, "one group of routes for each method"),
    "ComputeDriver": (50, "the driver's verbs and doors over one set of files"),
    "StateDirectory": (50, "the client's one folder"),
  ]
  /// What is named by nobody here, since somebody else calls or reads it.
  private static let calledByOthers: [String: Set<String>] = [
    "protocols of libraries and of Codable": [
      "Leaseholdd", "channelActive", "channelInactive", "handlerAdded", "handlerRemoved", "channelRead",
      "channelReadComplete", "channelWritabilityChanged", "errorCaught", "userInboundEventTriggered",
      "makeCounter", "makeFloatingPointCounter", "makeMeter", "makeRecorder", "makeTimer", "destroyCounter",
      "destroyFloatingPointCounter", "destroyMeter", "destroyRecorder", "destroyTimer", "decrement", "reset",
      "makeIterator", "underestimatedCount", "noInflightUpdates", "QuotedCodingKeys",
    ],
    "fields that runc and nodes read": [
      "terminal", "namespaces", "seccomp", "jsonrpc",
      "defaultAction", "defaultErrnoRet", "ociVersion", "bounding", "effective", "inheritable", "ambient",
      "noNewPrivileges", "oomScoreAdj", "readonly", "containerID", "rootfsPropagation",
    ],
    "what a library of its own offers": [
      "int16", "double", "numeric", "foreignKeyViolation", "checkViolation", "notNullViolation", "exclusionViolation",
      "lockNotAvailable", "duplicateDatabase",
    ],
    "names of C": [
      "ENAMETOOLONG", "PGRES_COMMAND_OK", "PGRES_PIPELINE_ABORTED", "clinux_overlay_namespace",
      "clinux_overlay_memory", "clinux_overlay_attach",
    ],
  ]

  private let repository = Repository.here

  private var sources: [(file: Repository.File, text: SourceText)] {
    get throws {
      try repository.files(in: "Sources").filter { $0.path.hasSuffix(".swift") }.map { ($0, SourceText($0.text)) }
    }
  }

  @Test func functionsFitAScreen() throws {
    for (file, text) in try sources {
      for function in Outline(text).functions where function.lines > Self.longestFunction {
        Issue.record("\(file.path):\(function.line): \(function.name) has \(function.lines) lines")
      }
    }
  }

  @Test func typesAreOneThing() throws {
    var methods: [String: Int] = [:]
    for (file, text) in try sources {
      let room = file.path.split(separator: "/").dropFirst().first ?? ""
      for function in Outline(text).functions where !function.type.isEmpty && function.name != "init" {
        methods["\(room).\(function.type)", default: 0] += 1
      }
    }
    for (type, count) in methods {
      let name = type.split(separator: ".").last.map(String.init) ?? type
      let most = Self.large[name]?.most ?? Self.mostMethods
      #expect(count <= most, "\(type) has \(count) methods, and may have \(most)")
    }
  }

  @Test func whatIsThereIsNamedSomewhere() throws {
    var named: [Substring: Int] = [:]
    let sources = try sources
    for folder in ["Tests", "schema"] {
      for file in try repository.files(in: folder) where file.path.hasSuffix(".swift") {
        for word in SourceText(file.text).words { named[word.text, default: 0] += 1 }
      }
    }
    for (_, text) in sources { for word in text.words { named[word.text, default: 0] += 1 } }
    let allowed = Self.calledByOthers.values.reduce(into: Set<String>()) { $0.formUnion($1) }
    for (file, text) in sources {
      for (name, line) in Outline(text).declared where named[Substring(name)] == 1 && !allowed.contains(name) {
        Issue.record("\(file.path):\(line): nothing names \(name)")
      }
    }
  }

  @Test func anOutlineIsRead() {
    let outline = Outline(
      SourceText(
        """
        struct A: B {
          let c: Int
          init(_ d: Int) { c = d }
          func e(f: () -> Void = { }) -> Int {
            let g = [1].map { $0 + 1 }
            func h() {
            }
            return g[0]
          }
        }
        extension A { var i: Int { 1 } }
        enum J { case k, l }
        """))
    #expect(
      outline.functions == [
        .init(name: "init", line: 3, lines: 1, type: "A"), .init(name: "e", line: 4, lines: 6, type: "A"),
        .init(name: "h", line: 6, lines: 2, type: ""),
      ])
    #expect(Set(outline.declared.map(\.name)) == ["A", "c", "e", "h", "i", "J", "k"])
  }
}
