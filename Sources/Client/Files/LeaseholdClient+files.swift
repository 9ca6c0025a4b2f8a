import AsyncHTTPClient
import NIOHTTP1
import Text
import Wire

extension LeaseholdClient {
  /// How far a transfer is: bytes done, and of how many where that is known.
  public typealias Transferred = @Sendable (_ done: Int64, _ total: Int64?) -> Void

  /// An address on a disk, as other WebDAV clients want it.
  public func door(_ lease: String, _ path: RemotePath = .root, isFolder: Bool = true) -> String {
    server.url(path.url(of: lease, isFolder: isFolder))
  }

  /// A folder's members, by name; a file alone is its own only member.
  public func list(_ path: RemotePath, of lease: String) async throws(ClientError) -> [RemoteEntry] {
    let responses = try await list(path, of: lease, depth: "1")
    // The folder itself is among them; its address is no longer than any other.
    let own = path.segments.count + 2
    return responses.compactMap { response -> RemoteEntry? in
      let segments = Self.segments(ofAddress: response.href)
      guard segments.count > own || (segments.count == own && !response.isFolder),
        let name = segments.last ?? nil, RemotePath.isSegment(name)
      else { return nil }
      return RemoteEntry(
        name: name, isFolder: response.isFolder, byteCount: response.isFolder ? nil : response.byteCount,
        modified: response.modified, etag: response.etag)
    }.sorted { $0.name < $1.name }
  }

  /// The path of an absolute address or path, decoded; nil for a segment that cannot be.
  private static func segments(ofAddress text: String) -> [String?] {
    var bytes = Array(text.utf8)[...]
    let slash = UInt8(ascii: "/")
    if bytes.first != slash, let colon = bytes.firstIndex(of: UInt8(ascii: ":")),
      bytes[colon...].dropFirst().starts(with: "//".utf8)
    {
      bytes = bytes[(colon + 3)...].drop { $0 != slash }
    }
    return bytes.split(separator: slash).map { PercentCoding.decode(String(decoding: $0, as: UTF8.self)) }
  }

  /// How many bytes still fit on the disk; nil where the server does not say.
  public func room(of lease: String) async throws(ClientError) -> Int64? {
    let question =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop><quota-available-bytes/></prop></propfind>"
    let response = try await send(
      Call(
        .PROPFIND, RemotePath.root.url(of: lease, isFolder: true), headers: [("Depth", "0")],
        body: .bytes(Array(question.utf8), type: "application/xml; charset=utf-8"), as: .lease(lease)))
    return MultistatusReader.read(try await Self.bytes(of: response))?.first?.room
  }

  /// What must be paid or swapped is paid or swapped by that.
  func lookAtRoot(of lease: String) async throws(ClientError) {
    _ = try await list(.root, of: lease, depth: "0")
  }

  private func list(
    _ path: RemotePath, of lease: String, depth: String
  ) async throws(ClientError) -> [MultistatusReader.Response] {
    let properties =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?><propfind xmlns=\"DAV:\"><prop><resourcetype/><getcontentlength/>"
      + "<getlastmodified/><getetag/></prop></propfind>"
    let response = try await send(
      Call(
        .PROPFIND, path.url(of: lease, isFolder: path.namesFolder), headers: [("Depth", depth)],
        body: .bytes(Array(properties.utf8), type: "application/xml; charset=utf-8"), as: .lease(lease)))
    guard let responses = MultistatusReader.read(try await Self.bytes(of: response))
    else { throw .unreadable("no listing") }
    return responses
  }

  /// Makes a folder; one that is there already is well.
  public func makeFolder(_ path: RemotePath, of lease: String) async throws(ClientError) {
    do throws(ClientError) {
      try await command(.MKCOL, path.url(of: lease, isFolder: true), as: .lease(lease))
    } catch {
      if case .problem(let problem) = error, problem.status == 405 { return }
      throw error
    }
  }

  /// Removes a file, or a folder with everything in it.
  public func remove(_ path: RemotePath, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path.url(of: lease, isFolder: path.namesFolder), as: .lease(lease))
  }
}
