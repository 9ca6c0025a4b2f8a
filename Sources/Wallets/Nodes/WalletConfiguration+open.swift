import NodeRPC
import Units

extension WalletConfiguration {
  /// The node's wallet; `nil` for the kinds that need none: the server's own node, and a person.
  ///
  /// - Parameter environment: where secrets may be that are in no file.
  public func open(_ environment: [String: String]) throws(Fault) -> NodeWallet? {
    switch kind {
    case .embedded, .manual: return nil
    case .lnd:
      let macaroon = try secret("macaroon", macaroonFile, environment, isHexadecimal: true)
      return try wallet { address throws(RPCError) in try LNDClient(address, macaroon: macaroon) }
    case .cln:
      if let socket { return NodeWallet(kind.rawValue, CLNClient(socket: socket)) }
      guard url != nil else { throw Fault("socket", "is missing: the path of lightning-rpc (or url and rune_file)") }
      let rune = try secret("rune", runeFile, environment)
      return try wallet { address throws(RPCError) in try CLNClient(address, rune: rune) }
    case .lnbits:
      let key = try secret("admin_key", adminKeyFile, environment)
      return try wallet { address throws(RPCError) in try LNbitsClient(address, invoiceKey: nil, adminKey: key) }
    case .phoenixd:
      let password = try secret("password", passwordFile, environment)
      return try wallet { address throws(RPCError) in try PhoenixdClient(address, password: password) }
    }
  }

  private func wallet(
    _ node: (NodeAddress) throws(RPCError) -> some WalletNode
  ) throws(Fault) -> NodeWallet {
    guard let url else { throw Fault("url", "is missing") }
    do throws(RPCError) {
      return NodeWallet(kind.rawValue, try node(NodeAddress(url, certificateFile: certificateFile)))
    } catch {
      throw Fault(certificateFile == nil ? "url" : "url or certificate_file", "cannot be used: \(error.words)")
    }
  }

  /// From the environment, else from its file.
  ///
  /// - Parameter name: `macaroon` is `LEASEHOLD_WALLET_MACAROON`, else `macaroon_file`.
  private func secret(
    _ name: String, _ file: String?, _ environment: [String: String], isHexadecimal: Bool = false
  ) throws(Fault) -> NodeSecret {
    if let text = environment[Self.prefix + name.uppercased()], !text.isEmpty { return NodeSecret(text) }
    guard let file else { throw Fault(name + "_file", "is missing") }
    do throws(NodeSecret.Fault) {
      return isHexadecimal ? try .hexadecimal(inFile: file) : try .text(inFile: file)
    } catch {
      throw Fault(name + "_file", "cannot be used: \(error)")
    }
  }
}
