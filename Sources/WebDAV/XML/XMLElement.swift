/// An XML name: the namespace's address and the local part.
struct XMLName: Hashable, Sendable {
  var namespace: String
  var local: String

  init(_ namespace: String, _ local: String) {
    self.namespace = namespace
    self.local = local
  }

  /// In WebDAV's own namespace.
  static func dav(_ local: String) -> XMLName { XMLName("DAV:", local) }

  /// ownCloud's: what rclone and its clients compare files by.
  static let checksums = XMLName("http://owncloud.org/ns", "checksums")
  /// Nextcloud's and ownCloud's way of setting a file's time afterwards, which rclone uses: seconds since 1970.
  static let lastModified = XMLName.dav("lastmodified")

  static let xml = "http://www.w3.org/XML/1998/namespace"
}

struct XMLElement: Hashable, Sendable {
  enum Node: Hashable, Sendable {
    case element(XMLElement)
    case text(String)
  }

  struct Attribute: Hashable, Sendable {
    var name: XMLName
    var value: String
  }

  var name: XMLName
  var attributes: [Attribute] = []
  var children: [Node] = []

  var elements: [XMLElement] {
    children.compactMap {
      switch $0 {
      case .element(let element): element
      case .text: nil
      }
    }
  }

  func first(_ name: XMLName) -> XMLElement? { elements.first { $0.name == name } }

  /// The text directly inside.
  var text: String {
    children.reduce(into: "") {
      if case .text(let text) = $1 { $0 += text }
    }
  }
}

extension XMLElement {
  /// Writes the element so that it means the same wherever it is put, provided no default namespace but `inherited`
  /// holds there.
  func write(to text: inout String, inherited: String = "") {
    text += "<" + name.local
    if name.namespace != inherited { text += " xmlns=\"\(XMLText.escape(name.namespace))\"" }
    for (index, attribute) in attributes.enumerated() {
      switch attribute.name.namespace {
      case "": text += " \(attribute.name.local)"
      case XMLName.xml: text += " xml:\(attribute.name.local)"
      case let namespace:
        text += " xmlns:a\(index)=\"\(XMLText.escape(namespace))\" a\(index):\(attribute.name.local)"
      }
      text += "=\"\(XMLText.escape(attribute.value))\""
    }
    guard !children.isEmpty else {
      text += "/>"
      return
    }
    text += ">"
    for child in children {
      switch child {
      case .element(let element): element.write(to: &text, inherited: name.namespace)
      case .text(let characters): text += XMLText.escape(characters)
      }
    }
    text += "</\(name.local)>"
  }
}

enum XMLText {
  /// Escapes for content and for attributes in double quotes. What XML 1.0 cannot hold (a file's name may) becomes
  /// U+FFFD.
  static func escape(_ text: String) -> String {
    // Most names have nothing of it. 0xEF begins the characters that XML has not, among others.
    let isPlain = text.utf8.allSatisfy { byte in
      switch byte {
      case 0..<0x20, UInt8(ascii: "&"), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\""), 0xEF: false
      default: true
      }
    }
    if isPlain { return text }
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\t": escaped += "&#9;"
      case "\n": escaped += "&#10;"
      case "\r": escaped += "&#13;"
      case "\u{0}"..."\u{1F}", "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }
}
