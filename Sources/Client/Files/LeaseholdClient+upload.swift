import AsyncHTTPClient
import Glibc
import L402
import Macaroons
import NIOHTTP1
import Units
import Wire

extension LeaseholdClient {
  /// Above this an upload is worth going on with.
  private static let resumableSize: Int64 = 4 << 20

  /// Uploads a file in constant memory, in place of what is there. One that broke off, in this run or an earlier one, goes
  /// on where it ended, if the file is still the same. What is no regular file (a pipe, a device) is sent until it ends.
  public func upload(
    _ local: String, to path: RemotePath, of lease: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    var status = stat()
    guard stat(local, &status) == 0 else { throw FileSource.failure("read", local) }
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFDIR, S_IFSOCK: throw .file("\(local) is not a file")
    default:
      let descriptor = open(local, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw FileSource.failure("read", local) }
      defer { close(descriptor) }
      return try await upload(descriptor: descriptor, to: path, of: lease, progress: progress)
    }
    let total = try FileSource.length(of: local)
    guard let total, total >= Self.resumableSize else {
      return try await put(FileSource(.path(local)) { progress($0, total) }, to: path, of: lease)
    }
    let key = Self.uploadKey(of: status, local)
    try await putInParts(local, total, key, to: path, of: lease, progress: progress)
    var after = stat()
    guard stat(local, &after) == 0, Self.uploadKey(of: after, local) == key
    else { throw .file("\(local) was changed while it was sent: send it again") }
  }

  /// Uploads what a descriptor holds until it ends. It cannot be sent twice, so that nothing is paid or swapped on the
  /// way.
  public func upload(
    descriptor: Int32, to path: RemotePath, of lease: String, progress: @escaping Transferred = { _, _ in }
  ) async throws(ClientError) {
    // What must be paid or swapped is found out before the first byte is taken.
    try await lookAtRoot(of: lease)
    let source = try FileSource(.descriptor(descriptor)) { progress($0, nil) }
    try await put(source, to: path, of: lease)
  }

  private func put(
    _ source: FileSource, to path: RemotePath, of lease: String, headers: [(String, String)] = []
  ) async throws(ClientError) {
    let response = try await send(
      Call(
        .PUT, path.url(of: lease, isFolder: false), headers: headers, body: .file(source), as: .lease(lease),
        patience: .streaming))
    _ = try await Self.bytes(of: response)
  }

  /// The same for the same content, as far as the file system tells: nothing has to be remembered for going on.
  private static func uploadKey(of status: stat, _ local: String) -> String {
    let text =
      "\(status.st_dev) \(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec) \(status.st_mtim.tv_nsec) \(local)"
    return Array(text.utf8).withUnsafeBytes { Bytes32.sha256($0) }.hex.prefix(40).description
  }

  private func putInParts(
    _ local: String, _ total: Int64, _ key: String, to path: RemotePath, of lease: String,
    progress: @escaping Transferred
  ) async throws(ClientError) {
    var interruptions = Interruptions(settings.patience)
    while true {
      do throws(ClientError) {
        switch try await held(key, total, at: path, of: lease) {
        case .whole: return progress(total, total)
        case .unknown: return try await put(FileSource(.path(local)) { progress($0, total) }, to: path, of: lease)
        case .bytes(let offset):
          interruptions.isAt(offset)
          let source = try FileSource(.path(local), from: offset) { progress($0, total) }
          return try await put(
            source, to: path, of: lease,
            headers: [("Content-Range", "bytes \(offset)-\(total - 1)/\(total)"), ("Upload-Key", key)])
        }
      } catch {
        guard error.isInterruption, interruptions.isBorne() else { throw error }
        tell(.waiting(reason: "\(error)"))
        try await pause(1)
      }
    }
  }

  private enum Held {
    case bytes(Int64)
    case whole
    /// The server takes no parts.
    case unknown
  }

  private func held(
    _ key: String, _ total: Int64, at path: RemotePath, of lease: String
  ) async throws(ClientError) -> Held {
    let question = Call(
      .PUT, path.url(of: lease, isFolder: false),
      headers: [("Content-Range", "bytes */\(total)"), ("Upload-Key", key), ("Content-Length", "0")],
      as: .lease(lease))
    let response: HTTPClientResponse
    do throws(ClientError) { response = try await send(question) } catch {
      if case .problem(let problem) = error, problem.status == 400 { return .unknown }
      throw error
    }
    _ = try await Self.bytes(of: response)
    guard response.status == .accepted else { return .whole }
    guard let offset = response.headers.first(name: "Upload-Offset").flatMap({ Int64($0) }),
      (0..<total).contains(offset)
    else { throw .unreadable("how much of the upload is held") }
    return .bytes(offset)
  }
}

/// How often a transfer may be broken off: as long as it comes further in between, or for so long without.
struct Interruptions {
  private var patience: Patience
  private let span: Seconds
  private var place: Int64 = -1

  init(_ span: Seconds) {
    self.span = span
    patience = Patience(span)
  }

  mutating func isAt(_ offset: Int64) {
    if offset > place { patience = Patience(span) }
    place = max(place, offset)
  }

  mutating func isBorne() -> Bool {
    guard patience.isLeft else { return false }
    _ = patience.begin()
    return true
  }
}

extension ClientError {
  /// A line that broke, or a server that is away for a moment: what was begun can be gone on with.
  var isInterruption: Bool {
    switch self {
    case .unreachable(let words): words != "interrupted"
    case .problem(let problem): [502, 503, 504].contains(problem.status) || problem.code == "upload-offset"
    default: false
    }
  }
}
