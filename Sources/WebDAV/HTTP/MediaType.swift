/// What a file is, by the end of its name, and whether a browser may show it.
///
/// A renter's file is served from an address that others trust, so nothing that a browser would run is shown in place:
/// only the types listed here as harmless are, everything else is offered for saving. With `nosniff` the browser
/// believes the type.
struct MediaType: Hashable, Sendable {
  let name: String
  let isShown: Bool

  init(fileName: String) {
    let lowered = fileName.lowercased()
    let ending = lowered.lastIndex(of: ".").map { String(lowered[lowered.index(after: $0)...]) } ?? ""
    if let shown = Self.shown[ending] {
      (name, isShown) = (shown, true)
    } else {
      (name, isShown) = (Self.saved[ending] ?? "application/octet-stream", false)
    }
  }

  private static let shown = [
    "txt": "text/plain; charset=utf-8", "md": "text/plain; charset=utf-8", "log": "text/plain; charset=utf-8",
    "csv": "text/plain; charset=utf-8", "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg",
    "gif": "image/gif", "webp": "image/webp", "avif": "image/avif", "bmp": "image/bmp", "ico": "image/x-icon",
    "mp3": "audio/mpeg", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac",
    "wav": "audio/wav", "m4a": "audio/mp4", "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm",
    "ogv": "video/ogg", "mov": "video/quicktime", "mkv": "video/x-matroska",
  ]

  private static let saved = [
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
