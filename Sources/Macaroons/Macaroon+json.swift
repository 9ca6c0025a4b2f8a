extension Macaroon {
  /// Reads the JSON V2 form: members `i`, `l`, `c` and `s` (or `i64`, `s64` in base64), each caveat with `i`, `l` and
  /// `v` in turn. The value that is made is kept, and sent on, in V2 binary; an empty location is none there.
  ///
  /// Strict: a member that is not of the form, is there twice, or is there in both spellings is refused. `i` may be
  /// absent, which means empty; a `v` at the top, the version, must be 2 where it is given.
  ///
  /// - Throws: ``MacaroonFault/json``, ``MacaroonFault/base64``, ``MacaroonFault/version``, or
  ///   ``MacaroonFault/unsigned`` and ``MacaroonFault/signature``.
  public init(json text: some StringProtocol) throws(MacaroonFault) {
    try self.init(json: Array(text.utf8))
  }

  /// Reads the JSON V2 form from UTF-8.
  public init(json bytes: [UInt8]) throws(MacaroonFault) {
    guard !bytes.isEmpty else { throw .empty }
    var text = JSONText(bytes)
    let macaroon = try JSONMacaroon(reading: &text)
    try text.end()
    guard let signature = macaroon.signature else { throw .unsigned }
    guard let signature = Bytes32(signature) else { throw .signature }
    var writer = PacketWriter(reservingCapacity: bytes.count)
    writer.version()
    writer.section(location: macaroon.location, identifier: macaroon.identifier, verification: nil)
    for caveat in macaroon.caveats {
      writer.section(
        location: caveat.location, identifier: caveat.identifier, verification: caveat.verification)
    }
    writer.end()
    writer.signature(signature)
    try self.init(v2: writer.bytes)
  }

  /// The JSON V2 form, on one line, as Go's macaroon.v2 writes it: a field is text where it is UTF-8 and base64 would
  /// not be shorter.
  public var json: String {
    var object = JSONObject()
    if layout.caveatCount > 0 {
      let list = caveats.map { caveat in
        var object = JSONObject()
        object.field("i", caveat.identifier)
        if let verification = caveat.verification { object.field("v", verification, evenIfEmpty: true) }
        object.location(caveat.location)
        return object.text
      }
      object.member("c", "[" + list.joined(separator: ",") + "]")
    }
    object.location(location)
    object.field("i", identifier)
    object.member("s64", "\"" + Base64.encodeForURL(signature.array) + "\"")
    return object.text
  }

  /// Reads a macaroon however a person may have it as text: JSON V2, or either binary form in either base64.
  public init(text: some StringProtocol) throws(MacaroonFault) {
    var bytes = Array(text.utf8)[...]
    func isBlank(_ byte: UInt8?) -> Bool { byte.map { [0x20, 0x09, 0x0a, 0x0d].contains($0) } ?? false }
    while isBlank(bytes.first) { bytes.removeFirst() }
    while isBlank(bytes.last) { bytes.removeLast() }
    if bytes.first == UInt8(ascii: "{") {
      try self.init(json: Array(bytes))
    } else {
      guard let decoded = bytes.withUnsafeBufferPointer({ Base64.decode($0) }) else { throw .base64 }
      try self.init(binary: decoded)
    }
  }
}

extension PacketWriter {
  /// Header or caveat; an empty location is none.
  fileprivate mutating func section(location: [UInt8]?, identifier: [UInt8], verification: [UInt8]?) {
    if let location, !location.isEmpty { field(PacketReader.Tag.location, location) }
    field(PacketReader.Tag.identifier, identifier)
    if let verification { field(PacketReader.Tag.verification, verification) }
    end()
  }
}

/// The members of a macaroon as they are read.
private struct JSONMacaroon {
  struct Section {
    var location: [UInt8]?
    var identifier: [UInt8]?
    var verification: [UInt8]?
  }

  private var header = Section()
  private(set) var caveats: [(location: [UInt8]?, identifier: [UInt8], verification: [UInt8]?)] = []
  private(set) var signature: [UInt8]?

  var location: [UInt8]? { header.location }
  var identifier: [UInt8] { header.identifier ?? [] }

  init(reading text: inout JSONText) throws(MacaroonFault) {
    var hasCaveats = false
    var hasVersion = false
    try text.open("{")
    while let name = try text.nextName() {
      switch name {
      case "v":
        guard !hasVersion else { throw .json }
        hasVersion = true
        guard try text.digits() == [UInt8(ascii: "2")] else { throw .version }
      case "c":
        guard !hasCaveats else { throw .json }
        hasCaveats = true
        try text.open("[")
        while try text.nextElement() { try caveat(&text) }
      case "s": try text.once(&signature)
      case "s64": try text.once(&signature, isBase64: true)
      default: try section(&header, name, &text)
      }
    }
  }

  private mutating func caveat(_ text: inout JSONText) throws(MacaroonFault) {
    var caveat = Section()
    try text.open("{")
    while let name = try text.nextName() {
      switch name {
      case "v": try text.once(&caveat.verification)
      case "v64": try text.once(&caveat.verification, isBase64: true)
      default: try section(&caveat, name, &text)
      }
    }
    caveats.append((caveat.location, caveat.identifier ?? [], caveat.verification))
  }

  private func section(_ section: inout Section, _ name: String, _ text: inout JSONText) throws(MacaroonFault) {
    switch name {
    case "i": try text.once(&section.identifier)
    case "i64": try text.once(&section.identifier, isBase64: true)
    case "l": try text.once(&section.location)
    default: throw .json
    }
  }
}

extension JSONText {
  /// A string that fills a field which must be empty until then.
  fileprivate mutating func once(_ field: inout [UInt8]?, isBase64: Bool = false) throws(MacaroonFault) {
    guard field == nil else { throw .json }
    let bytes = try string()
    guard isBase64 else {
      field = bytes
      return
    }
    guard let decoded = bytes.withUnsafeBufferPointer({ Base64.decode($0) }) else { throw .base64 }
    field = decoded
  }
}
