import CZlib
import Engine
import HTTPTypes
import Hummingbird
import NIOCore

/// What pages refer to: immutable under an address that names its content, compressed once.
struct Assets: Sendable {
  private struct Asset {
    var type: String
    var plain: ByteBuffer
    var compressed: ByteBuffer?
  }

  private let assets: [String: Asset]
  private let version: String

  static let scripts: [(String, [UInt8])] = [
    ("page.js", PackageResources.page_js), ("store.js", PackageResources.store_js),
    ("net.js", PackageResources.net_js), ("words.js", PackageResources.words_js),
    ("invoice.js", PackageResources.invoice_js), ("rent.js", PackageResources.rent_js),
    ("order.js", PackageResources.order_js), ("lease.js", PackageResources.lease_js),
    ("leases.js", PackageResources.leases_js), ("overview.js", PackageResources.overview_js),
    ("files.js", PackageResources.files_js), ("container.js", PackageResources.container_js),
    ("share.js", PackageResources.share_js), ("keep.js", PackageResources.keep_js),
    ("history.js", PackageResources.history_js),
  ]
  static let embedded = Assets(
    scripts + [("style.css", PackageResources.style_css), ("icon.svg", PackageResources.icon_svg)])

  init(_ files: [(String, [UInt8])]) {
    // One version for all: modules name each other by their plain names. FNV-1a, which guards against nobody.
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for (name, bytes) in files {
      for byte in Array(name.utf8) + bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    }
    version = String(hash, radix: 36)
    assets = Dictionary(
      uniqueKeysWithValues: files.map { name, bytes in
        let type =
          name.hasSuffix(".js") ? "text/javascript" : name.hasSuffix(".css") ? "text/css" : "image/svg+xml"
        return (
          name,
          Asset(
            type: type, plain: ByteBuffer(bytes: bytes),
            compressed: Self.compressed(bytes).map { ByteBuffer(bytes: $0) })
        )
      })
  }

  /// Addresses by name, for templates: `style_css`.
  var addresses: [String: String] {
    Dictionary(
      uniqueKeysWithValues: assets.keys.map { ($0.replacing(".", with: "_"), "/assets/\(version)/\($0)") })
  }

  /// `nil` where it saves nothing.
  static func compressed(_ bytes: [UInt8]) -> [UInt8]? {
    let packed = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
      count = leasehold_gzip(bytes, bytes.count, buffer.baseAddress, buffer.count)
    }
    return packed.isEmpty ? nil : packed
  }

  /// - Throws: `HTTPError` 404; also for a version of before: its page is loaded again, and names this one.
  func response(_ visit: Visit) throws -> Response {
    guard visit.parameters.get("version") == version, let asset = visit.parameters.get("name").flatMap({ assets[$0] })
    else { throw HTTPError(.notFound) }
    var headers: HTTPFields = [
      .contentType: asset.type, .cacheControl: "public, max-age=31536000, immutable", .vary: "Accept-Encoding",
    ]
    let takesGzip = visit.request.headers[values: .acceptEncoding].contains { $0.lowercased().contains("gzip") }
    guard takesGzip, let compressed = asset.compressed else {
      return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: asset.plain))
    }
    headers[.contentEncoding] = "gzip"
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: compressed))
  }
}
