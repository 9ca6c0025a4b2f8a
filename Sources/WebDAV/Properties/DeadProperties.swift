/// The properties clients store with a file or folder: opaque elements, kept as one XML document in an extended
/// attribute.
///
/// A tenant can write that attribute too, so it is read like any foreign document, and written out again from the
/// tree: it cannot break the answer it is part of.
struct DeadProperties: Hashable, Sendable {
  /// The extended attribute they are kept in.
  static let attributeName = "user.leasehold.dav"

  private(set) var elements: [XMLElement]

  /// Of one file or folder; `Place.longestAttribute` bounds their bytes.
  static let most = 64

  private static let root = XMLName("urn:leasehold:properties", "properties")

  /// What cannot be read counts as no properties.
  init(stored bytes: [UInt8]?) {
    // A container can write what it likes there: what is none of ours is no property.
    guard let bytes, let document = try? XMLReader.read(bytes), document.name == Self.root else {
      elements = []
      return
    }
    elements = document.elements
  }

  /// Empty when there are none.
  var stored: [UInt8] {
    guard !elements.isEmpty else { return [] }
    var text = ""
    XMLElement(name: Self.root, children: elements.map { .element($0) }).write(to: &text)
    return Array(text.utf8)
  }

  subscript(name: XMLName) -> XMLElement? { elements.first { $0.name == name } }

  mutating func set(_ element: XMLElement) {
    if let index = elements.firstIndex(where: { $0.name == element.name }) {
      elements[index] = element
    } else {
      elements.append(element)
    }
  }

  mutating func remove(_ name: XMLName) {
    elements.removeAll { $0.name == name }
  }
}
