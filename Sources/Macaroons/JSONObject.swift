import Text

/// Writes one object of a macaroon's JSON, without blanks.
struct JSONObject {
  private var members: [String] = []

  var text: String { "{" + members.joined(separator: ",") + "}" }

  mutating func member(_ name: String, _ value: String) {
    members.append("\"\(name)\":\(value)")
  }

  mutating func location(_ location: ArraySlice<UInt8>?) {
    guard let location, !location.isEmpty else { return }
    // A hint that is not UTF-8 has no spelling in JSON; it is not signed either.
    member("l", JSONObject.quoted(String(decoding: location, as: UTF8.self)))
  }

  /// A field that may hold any bytes, in the shorter of its two spellings; left out when it is empty.
  mutating func field(_ name: String, _ bytes: ArraySlice<UInt8>, evenIfEmpty: Bool = false) {
    if bytes.isEmpty, !evenIfEmpty { return }
    let base64 = Base64.encodeForURL(Array(bytes))
    let text = String(validating: bytes, as: UTF8.self).map(JSONObject.quoted)
    // The whole member decides: the name of the other is longer by two digits, and both have their quotes.
    if let text, text.utf8.count - 2 <= base64.utf8.count + 2 {
      member(name, text)
    } else {
      member(name + "64", "\"\(base64)\"")
    }
  }

  /// As Go's encoder does, it escapes what could be taken for markup inside HTML, and two separators of lines.
  private static func quoted(_ text: String) -> String {
    JSONString.quoted(text, .init(namesLines: true, escapesDelete: false, escapesMarkup: true))
  }
}
