extension VerifiedCredential {
  /// Whether the credential reaches as far as a request.
  ///
  /// - Parameters:
  ///   - capability: everything the request needs.
  ///   - method: the HTTP method, in capitals; nil where there is none, which a credential narrowed to methods does
  ///     not allow.
  ///   - path: the file or folder inside the volume; nil when the request is not about files. A credential narrowed
  ///     to a path then still looks and pays, but does nothing that could reach other files.
  ///   - port: of the container, when the request is about one. A credential narrowed to ports opens these and pays, and
  ///     does nothing else.
  ///   - source: where the request comes from; nil when that is not known, which a credential narrowed to addresses
  ///     does not allow.
  ///   - amountMsat: of the invoice the request would make, if it makes one.
  /// - Throws: the first of ``PermissionRefusal`` that applies. The holder's own expiry is among them, the minted one
  ///   is not.
  public func require(
    _ capability: Capabilities, method: String?, path: ResourcePath? = nil, port: UInt16? = nil,
    source: IPAddress?, amountMsat: Int64? = nil
  ) throws(PermissionRefusal) {
    guard expiry != .narrowed else { throw .expired }
    let missing = capability.subtracting(capabilities)
    guard missing.isEmpty else { throw .capability(missing) }
    if let methods {
      guard let method, methods.contains(method) else { throw .method }
    }
    if let sources {
      guard let source, sources.contains(where: { $0.contains(source) }) else { throw .source }
    }
    if let path {
      guard covers(path) else { throw .path }
    } else if self.path != nil {
      guard capability.isSubset(of: [.read, .pay]) else { throw .path }
    }
    if let ports {
      guard port.map(ports.contains) ?? capability.isSubset(of: .pay) else { throw .port }
    }
    if let maxMsat, let amountMsat {
      guard amountMsat <= maxMsat else { throw .amount }
    }
  }

  /// Whether a file or folder inside the volume is one the credential reaches. For each path a request names besides
  /// its own: `Destination`, `If`.
  public func covers(_ path: ResourcePath) -> Bool {
    self.path?.contains(path) ?? true
  }
}
