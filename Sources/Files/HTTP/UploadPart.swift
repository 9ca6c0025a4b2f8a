import HTTPTypes

/// One part of an upload that may be broken off and taken up again, as a PUT announces it:
/// `Content-Range: bytes 0-1048575/5000000` (or `bytes */5000000`, which asks how much is held) and
/// `Upload-Key: <16 to 64 letters, digits, - and _>`, the same for all parts and for no other upload.
public struct UploadPart: Hashable, Sendable {
  var key: String
  /// `nil` asks how much is held.
  public var range: Range<Int64>?
  public var total: Int64

  /// `nil` for a PUT of a whole file.
  ///
  /// - Throws: what is malformed, and a key without a range.
  public init?(_ headers: HTTPFields) throws(BadHeader) {
    guard let text = headers[.contentRange] else {
      guard !headers.contains(.uploadKey) else {
        throw BadHeader("an Upload-Key goes with a Content-Range")
      }
      return nil
    }
    guard let key = headers[.uploadKey] else {
      throw BadHeader("a part of a file is put with an Upload-Key")
    }
    guard (16...64).contains(key.utf8.count), key.utf8.allSatisfy(Self.isKeyByte) else {
      throw BadHeader("an Upload-Key is 16 to 64 letters, digits, - and _")
    }
    guard let (range, total) = Self.parse(text) else {
      throw BadHeader("Content-Range is: bytes first-last/total, or bytes */total")
    }
    self.key = key
    self.range = range
    self.total = total
  }

  /// How the part is told apart from others for the same name.
  var mark: String { "\(key) \(total)" }

  private static func isKeyByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func parse(_ text: String) -> (Range<Int64>?, Int64)? {
    guard text.utf8.starts(with: "bytes ".utf8) else { return nil }
    let halves = text.utf8.dropFirst(6).split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    guard halves.count == 2, let total = number(halves[1]), total > 0 else { return nil }
    if halves[0].elementsEqual("*".utf8) { return (nil, total) }
    let ends = halves[0].split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
    guard ends.count == 2, let first = number(ends[0]), let last = number(ends[1]), first <= last, last < total
    else { return nil }
    return (first..<(last + 1), total)
  }

  private static func number(_ text: Substring.UTF8View) -> Int64? {
    guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int64(Substring(text))
  }
}
