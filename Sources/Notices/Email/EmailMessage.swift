import Macaroons

/// A mail with a plain text and, for who wants it, the same as HTML (RFC 5322, RFC 2046 `multipart/alternative`).
///
/// Whatever is put into it, it stays one message to one address: header values are encoded (RFC 2047) where they are not
/// plain ASCII, and no line is longer than mail allows.
public struct EmailMessage: Sendable {
  public var from: EmailAddress
  public var to: EmailAddress
  public var subject: String
  public var text: String
  public var html: String?
  /// Where one click ends these mails (RFC 8058); an `https` address of ours.
  public var unsubscribe: String?
  /// The same for every attempt at one message: mail servers that see it twice keep one.
  public var key: String

  public init(
    from: EmailAddress, to: EmailAddress, subject: String, text: String, html: String? = nil,
    unsubscribe: String? = nil, key: String
  ) {
    self.from = from
    self.to = to
    self.subject = subject
    self.text = text
    self.html = html
    self.unsubscribe = unsubscribe
    self.key = key
  }

  /// The message as `sendmail -t` and SMTP take it, with CRLF.
  ///
  /// - Parameter date: as RFC 5322 §3.3 has it.
  public func rendered(date: String) -> [UInt8] {
    let digest = Array(key.utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex.prefix(32)
    let host = from.text.split(separator: "@").last ?? "localhost"
    var lines = [
      "From: \(from)", "To: \(to)", "Subject: \(Self.header(subject))", "Date: \(Self.plain(date))",
      "Message-ID: <\(digest)@\(host)>", "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
    ]
    if let unsubscribe {
      lines += [
        "List-Unsubscribe: <\(Self.plain(unsubscribe))>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
      ]
    }
    let plain = Self.part("text/plain", text)
    if let html {
      let boundary = "=_\(digest)"
      lines += ["Content-Type: multipart/alternative; boundary=\"\(boundary)\"", ""]
      lines += ["--\(boundary)"] + plain + ["--\(boundary)"] + Self.part("text/html", html) + ["--\(boundary)--", ""]
    } else {
      lines += plain
    }
    return Array(lines.joined(separator: "\r\n").utf8)
  }

  /// Base64 in lines of 76: no line of the text is then too long, begins with a full stop, or looks like a boundary.
  private static func part(_ type: String, _ text: String) -> [String] {
    let encoded = Array(Base64.encode(Array(text.utf8)).utf8)
    let lines = stride(from: 0, to: encoded.count, by: 76).map {
      String(decoding: encoded[$0..<min($0 + 76, encoded.count)], as: UTF8.self)
    }
    return ["Content-Type: \(type); charset=utf-8", "Content-Transfer-Encoding: base64", ""] + lines
  }

  /// As it is where it is short and plain, else in encoded words, one a line of at most 76.
  static func header(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && text.utf8.count <= 60 && !text.contains("=?")
    guard !isPlain else { return text }
    var words: [String] = []
    var word: [UInt8] = []
    for character in text {
      // A character of many scalars may be longer than a word holds; then the scalars are parted.
      for scalar in character.unicodeScalars {
        let bytes = Array(String(scalar).utf8)
        if word.count + bytes.count > 39 {
          words.append("=?utf-8?B?\(Base64.encode(word))?=")
          word = []
        }
        word += bytes
      }
    }
    words.append("=?utf-8?B?\(Base64.encode(word))?=")
    return words.joined(separator: "\r\n ")
  }

  /// Without what could end the line.
  private static func plain(_ text: String) -> String {
    String(decoding: text.utf8.filter { $0 >= 0x20 && $0 < 0x7F }, as: UTF8.self)
  }
}
