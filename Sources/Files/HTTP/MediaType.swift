/// What a file is, by the end of its name, and whether a browser may show it.
///
/// A renter's file is served from an address that others trust, so nothing that a browser would run is shown in place:
/// only the types listed here as harmless are, everything else is offered for saving. With `nosniff` the browser
/// believes the type.
public struct MediaType: Hashable, Sendable {
  public let name: String
  public let isShown: Bool

  public init(fileName: String) {
    let bytes = fileName.utf8
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), let known = Self.known[fileName[dot...].lowercased()] else {
      (name, isShown) = ("application/octet-stream", false)
      return
    }
    (name, isShown) = known
  }

  /// By ending, with its dot.
  private static let known = Dictionary(
    uniqueKeysWithValues: shown.map { ("." + $0, ($1, true)) } + saved.map { ("." + $0, ($1, false)) })

  private static let shown: KeyValuePairs = [
    "txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8",
    "csv": "text/plain; charset=utf-8", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "gif": "image/gif", "webp": "image/webp", "avif": "image/avif", "bmp": "image/bmp", "ico": "image/x-icon",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac",
    "wav": "audio/wav", "m4a": "audio/mp4", "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm",
    "ogv": "video/ogg", "mov": "video/quicktime", "mkv": "video/x-matroska",
  ]

  private static let saved: KeyValuePairs = [
    "html": "text/html", "htm": "text/html", "xhtml": "application/xhtml+xml", "svg": "image/svg+xml",
    "xml": "application/xml", "js": "text/javascript", "mjs": "text/javascript", "css": "text/css",
    "json": "application/json", "pdf": "application/pdf", "zip": "application/zip", "gz": "application/gzip",
    "tgz": "application/gzip", "tar": "application/x-tar", "bz2": "application/x-bzip2", "xz": "application/x-xz",
    "zst": "application/zstd", "7z": "application/x-7z-compressed", "wasm": "application/wasm",
    "ttf": "font/ttf", "woff": "font/woff", "woff2": "font/woff2", "yaml": "application/yaml",
    "yml": "application/yaml", "toml": "application/toml", "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "epub": "application/epub+zip", "sqlite": "application/vnd.sqlite3", "ics": "text/calendar", "vcf": "text/vcard",
  ]
}
