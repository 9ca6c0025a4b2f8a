import FoundationEssentials
import NIOSSL
import Units

/// Where a node is reached over HTTP, and how it is known to be it.
public struct NodeAddress: Hashable, Sendable {
  public let scheme: String
  public let host: String
  public let port: Int
  /// What stands before every path; empty or with a slash in front and none behind.
  public let prefix: String
  /// The certificates that the node must show one of, in PEM; `nil` trusts what the system trusts.
  public let pinned: [UInt8]?

  /// - Parameters:
  ///   - url: `http://host:port` or `https://…`, perhaps with a path.
  ///   - certificateFile: the node's own certificate in PEM. Only who holds its key is talked to then, whatever name it
  ///     is reached by.
  public init(_ url: String, certificateFile: String? = nil) throws(RPCError) {
    func fault(_ words: String) -> RPCError { RPCError(.notSent, attempted: "node address", words: words) }
    guard let components = URLComponents(string: url), let scheme = components.scheme?.lowercased(),
      let host = components.host, !host.isEmpty, components.user == nil, components.password == nil,
      components.query == nil, components.fragment == nil
    else { throw fault("expected http://host:port or https://host:port, without user, query or fragment") }
    guard scheme == "http" || scheme == "https" else { throw fault("expected http or https") }
    self.scheme = scheme
    self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
    port = components.port ?? (scheme == "https" ? 443 : 80)
    var prefix = components.percentEncodedPath
    while prefix.hasSuffix("/") { prefix.removeLast() }
    self.prefix = prefix
    if let certificateFile {
      guard scheme == "https" else { throw fault("a certificate needs https") }
      guard let data = try? Data(contentsOf: URL(filePath: certificateFile)) else {  // Said in a sentence below.
        throw fault("the certificate cannot be read: \(certificateFile)")
      }
      pinned = Array(data)
      _ = try tlsConfiguration()
    } else {
      pinned = nil
    }
  }

  var isSecure: Bool { scheme == "https" }

  func url(_ path: String, _ query: FormFields = FormFields()) -> String {
    let host = host.contains(":") ? "[\(host)]" : host
    return "\(scheme)://\(host):\(port)\(prefix)\(path)\(query.isEmpty ? "" : "?" + query.text)"
  }

  func tlsConfiguration() throws(RPCError) -> TLSConfiguration {
    var tls = TLSConfiguration.makeClientConfiguration()
    guard let pinned else { return tls }
    do {
      let certificates = try NIOSSLCertificate.fromPEMBytes(pinned)
      guard !certificates.isEmpty else { throw NIOSSLError.failedToLoadCertificate }
      tls.trustRoots = .certificates(certificates)
    } catch {
      throw RPCError(.notSent, attempted: "node address", words: "the certificate file holds no certificate in PEM")
    }
    // The certificate itself is the name: nodes sign their own, and are reached by addresses it does not list.
    tls.certificateVerification = .noHostnameVerification
    return tls
  }
}
