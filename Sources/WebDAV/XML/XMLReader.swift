import CExpat

/// Reads a small XML document with expat, namespaces resolved.
///
/// A document type declaration ends it at once: no entity is ever defined, so none can be expanded or fetched.
enum XMLReader {
  enum Fault: Error, Hashable, Sendable {
    case malformed
    /// It has a document type declaration.
    case doctype
    /// Too long, too deep or too many parts.
    case tooLarge
  }

  static let longest = 256 << 10

  static func read(_ bytes: [UInt8]) throws(Fault) -> XMLElement {
    guard bytes.count <= longest else { throw .tooLarge }
    // The form feed cannot occur in XML 1.0, so it can stand between namespace and name.
    guard let parser = XML_ParserCreateNS(nil, XML_Char(0x0C)) else { throw .tooLarge }
    defer { XML_ParserFree(parser) }
    let builder = XMLBuilder(parser)
    // The builder outlives the parser: both end with this call.
    XML_SetUserData(parser, Unmanaged.passUnretained(builder).toOpaque())
    XML_SetElementHandler(
      parser, { data, name, attributes in XMLBuilder.at(data)?.start(name, attributes) },
      { data, _ in XMLBuilder.at(data)?.end() })
    XML_SetCharacterDataHandler(parser) { data, text, length in XMLBuilder.at(data)?.characters(text, length) }
    XML_SetStartDoctypeDeclHandler(parser) { data, _, _, _, _ in XMLBuilder.at(data)?.stop(.doctype) }
    let status = bytes.withUnsafeBytes {
      XML_Parse(parser, $0.baseAddress?.assumingMemoryBound(to: CChar.self), CInt($0.count), 1)
    }
    if let fault = builder.fault { throw fault }
    guard status == XML_STATUS_OK, let root = builder.root else { throw .malformed }
    return root
  }
}

/// Receives expat's events for one document.
private final class XMLBuilder {
  private static let deepest = 64
  private static let mostNodes = 8192

  private let parser: XML_Parser
  private var open: [XMLElement] = []
  private var pending: [UInt8] = []
  private var nodes = 0
  private(set) var root: XMLElement?
  private(set) var fault: XMLReader.Fault?

  init(_ parser: XML_Parser) {
    self.parser = parser
  }

  static func at(_ data: UnsafeMutableRawPointer?) -> XMLBuilder? {
    data.map { Unmanaged<XMLBuilder>.fromOpaque($0).takeUnretainedValue() }
  }

  func stop(_ fault: XMLReader.Fault) {
    self.fault = self.fault ?? fault
    XML_StopParser(parser, XML_Bool(XML_FALSE))
  }

  private func count() -> Bool {
    nodes += 1
    guard nodes <= Self.mostNodes else {
      stop(.tooLarge)
      return false
    }
    return true
  }

  func start(_ name: UnsafePointer<XML_Char>?, _ attributes: UnsafeMutablePointer<UnsafePointer<XML_Char>?>?) {
    endText()
    guard let name, count(), open.count < Self.deepest else { return stop(.tooLarge) }
    var element = XMLElement(name: Self.name(name))
    var index = 0
    while let attributes, let name = attributes[index], let value = attributes[index + 1] {
      guard count() else { return }
      element.attributes.append(.init(name: Self.name(name), value: String(cString: value)))
      index += 2
    }
    open.append(element)
  }

  func end() {
    endText()
    guard let element = open.popLast() else { return }
    guard open.isEmpty else { return open[open.count - 1].children.append(.element(element)) }
    root = element
  }

  func characters(_ text: UnsafePointer<XML_Char>?, _ length: CInt) {
    guard let text, length > 0, !open.isEmpty else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: Int(length))
    pending.append(contentsOf: bytes)
  }

  /// Text comes in pieces, a line at a time; it is joined once, when the next tag comes.
  private func endText() {
    guard !pending.isEmpty else { return }
    if !open.isEmpty, count() {
      open[open.count - 1].children.append(.text(String(decoding: pending, as: UTF8.self)))
    }
    pending.removeAll(keepingCapacity: true)
  }

  private static func name(_ text: UnsafePointer<XML_Char>) -> XMLName {
    let parts = String(cString: text).split(separator: "\u{0C}", maxSplits: 1)
    return parts.count == 2
      ? XMLName(String(parts[0]), String(parts[1])) : XMLName("", parts.first.map(String.init) ?? "")
  }
}
