import Foundation
import NIOHTTP1
import Synchronization
import Testing

@testable import Client
@testable import RenterKit

/// Transfers that break off, and go on.
@Suite struct TransferTests {
  /// A disk with one file, that hangs up after so many bytes.
  private final class Disk: Sendable {
    struct State {
      var content: [UInt8]
      var etag = "\"1\""
      var upload: (key: String, bytes: [UInt8])?
      var requests: [(method: String, range: String?)] = []
      /// How many requests are hung up on, after half of what they ask for or bring.
      var breaks = 0
      var takesParts = true
    }

    let state: Mutex<State>
    init(_ content: [UInt8]) { state = Mutex(State(content: content)) }

    func answer(_ request: MiniRequest) -> MiniResponse {
      state.withLock { state in
        let range = request.headers.first(name: request.method == "PUT" ? "Content-Range" : "Range")
        state.requests.append((request.method, range))
        switch request.method {
        case "GET": return get(request, range, &state)
        case "PUT": return put(request, range, &state)
        default: return MiniResponse(status: 207, body: Array("<multistatus></multistatus>".utf8))
        }
      }
    }

    private func get(_ request: MiniRequest, _ range: String?, _ state: inout State) -> MiniResponse {
      let start =
        request.headers.first(name: "If-Range") == state.etag
        ? range.flatMap { Int($0.dropFirst("bytes=".count).dropLast()) } ?? 0 : 0
      let rest = Array(state.content[start...])
      var headers = [("ETag", state.etag)]
      if start > 0 {
        headers.append(("Content-Range", "bytes \(start)-\(state.content.count - 1)/\(state.content.count)"))
      }
      var answer = MiniResponse(status: start > 0 ? 206 : 200, headers: headers, body: rest)
      if state.breaks > 0 {
        state.breaks -= 1
        answer.cutsOffAfter = rest.count / 2
      }
      return answer
    }

    private func put(_ request: MiniRequest, _ range: String?, _ state: inout State) -> MiniResponse {
      guard let range else {
        state.content = request.body
        return MiniResponse(status: 201, body: [])
      }
      guard state.takesParts else { return MiniResponse(status: 400, body: []) }
      let key = request.headers.first(name: "Upload-Key") ?? ""
      if state.upload?.key != key { state.upload = (key, []) }
      let held = state.upload?.bytes ?? []
      if range.hasPrefix("bytes */") {
        return MiniResponse(status: 202, headers: [("Upload-Offset", "\(held.count)")], body: [])
      }
      guard range.hasPrefix("bytes \(held.count)-") else {
        return MiniResponse(status: 409, headers: [("Upload-Offset", "\(held.count)")], body: [])
      }
      if state.breaks > 0 {
        state.breaks -= 1
        state.upload?.bytes = held + request.body.prefix(request.body.count / 2)
        return .hangUp
      }
      state.content = held + request.body
      state.upload = nil
      return MiniResponse(status: 201, body: [])
    }
  }

  private let content = (0..<(5 << 20)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  private let file = RemotePath("/big") ?? .root

  /// A lease that is kept, at a server that is a disk.
  private func withDisk(
    _ disk: Disk, patience: Int64 = 60, _ body: (LeaseholdClient, String, URL) async throws -> Void
  ) async throws {
    try await Bench.run { bench in
      let lease = try await bench.rent().id
      let server = try await MiniServer { disk.answer($0) }
      let address = try #require(ServerAddress(server.address))
      let credential = try #require(try bench.state.storedLease(lease)?.credential)
      try bench.state.forget(lease)
      try bench.state.keep(credential, of: lease, at: address, now: LeaseholdClient.systemClock())
      try await bench.client(of: address, patience: .init(patience)) { try await body($0, lease, bench.folder) }
      await server.close()
    }
  }

  @Test func aDownloadGoesOnWhereItBrokeOff() async throws {
    let disk = Disk(content)
    disk.state.withLock { $0.breaks = 2 }
    try await withDisk(disk) { client, lease, folder in
      let local = folder.appendingPathComponent("got").path
      try await client.download(file, of: lease, to: local)
      #expect(try Data(contentsOf: URL(fileURLWithPath: local)) == Data(content))
      let ranges = disk.state.withLock { $0.requests.compactMap(\.range) }
      #expect(!ranges.isEmpty, "\(ranges)")
      #expect(ranges.allSatisfy { $0 != "bytes=0-" }, "\(ranges)")
      #expect(try parts(folder).isEmpty)
    }
  }

  @Test func anotherRunGoesOnWithItUnlessTheFileBecameAnother() async throws {
    let disk = Disk(content)
    disk.state.withLock { $0.breaks = 1 }
    try await withDisk(disk, patience: 0) { client, lease, folder in
      let local = folder.appendingPathComponent("got").path
      await #expect(throws: ClientError.self) { try await client.download(file, of: lease, to: local) }
      #expect(try parts(folder).count == 1 && !FileManager.default.fileExists(atPath: local))
      disk.state.withLock { $0.requests = [] }
      try await client.download(file, of: lease, to: local)
      #expect(disk.state.withLock { $0.requests.contains { $0.range != nil } })
      #expect(try Data(contentsOf: URL(fileURLWithPath: local)) == Data(content))
      disk.state.withLock { $0.breaks = 1 }
      await #expect(throws: ClientError.self) { try await client.download(file, of: lease, to: local) }
      disk.state.withLock {
        $0.content = $0.content.reversed()
        $0.etag = "\"2\""
      }
      try await client.download(file, of: lease, to: local)
      #expect(try Data(contentsOf: URL(fileURLWithPath: local)) == Data(content.reversed()))
      #expect(try parts(folder).isEmpty)
    }
  }

  @Test func anUploadGoesOnWhereItBrokeOff() async throws {
    let disk = Disk([])
    disk.state.withLock { $0.breaks = 2 }
    try await withDisk(disk) { client, lease, folder in
      let local = folder.appendingPathComponent("big")
      try Data(content).write(to: local)
      try await client.upload(local.path, to: file, of: lease)
      #expect(disk.state.withLock { $0.content } == content)
      let sent = disk.state.withLock { $0.requests.compactMap(\.range).filter { !$0.hasPrefix("bytes */") } }
      #expect(sent.count == 3, "\(sent)")
      #expect(Set(sent).count == 3, "\(sent)")
    }
  }

  @Test func aServerThatTakesNoPartsIsSentTheWhole() async throws {
    let disk = Disk([])
    disk.state.withLock { $0.takesParts = false }
    try await withDisk(disk) { client, lease, folder in
      let local = folder.appendingPathComponent("big")
      try Data(content).write(to: local)
      try await client.upload(local.path, to: file, of: lease)
      #expect(disk.state.withLock { $0.content } == content)
    }
  }

  @Test func whatSaysThatItIsEmptyAndIsNotAndWhatIsNoFileIsSentUntilItEnds() async throws {
    let disk = Disk([])
    try await withDisk(disk) { client, lease, folder in
      try await client.upload("/proc/self/cmdline", to: file, of: lease)
      #expect(disk.state.withLock { !$0.content.isEmpty })
      let pipe = folder.appendingPathComponent("pipe").path
      #expect(mkfifo(pipe, 0o600) == 0)
      let writer = Thread { try? Data("through a pipe".utf8).write(to: URL(fileURLWithPath: pipe), options: []) }
      writer.start()
      try await client.upload(pipe, to: file, of: lease)
      #expect(disk.state.withLock { $0.content } == Array("through a pipe".utf8))
      let empty = folder.appendingPathComponent("empty")
      try Data().write(to: empty)
      try await client.upload(empty.path, to: file, of: lease)
      #expect(disk.state.withLock { $0.content.isEmpty })
      await #expect(throws: ClientError.self) { try await client.upload(folder.path, to: file, of: lease) }
    }
  }

  private func parts(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".part") }
  }
}
