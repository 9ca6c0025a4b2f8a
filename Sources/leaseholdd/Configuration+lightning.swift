import NodeRPC

extension Configuration {
  /// Which node the provider is paid through, and what lets us in. Secrets are read when the daemon starts, and kept
  /// nowhere else.
  enum Lightning: Sendable {
    /// Play money, on this machine alone unless it is meant otherwise.
    case embedded(onPublicAddress: Bool)
    case lnd(LNDAccess)
    case cln(CLNAccess)
    case lnbits(LNbitsAccess)
    case phoenixd(PhoenixdAccess)

    struct LNDAccess: Sendable {
      var address: NodeAddress
      var macaroon: NodeSecret
    }

    enum CLNAccess: Sendable {
      case socket(String)
      case rest(NodeAddress, rune: NodeSecret)
    }

    struct LNbitsAccess: Sendable {
      var address: NodeAddress
      var invoiceKey: NodeSecret
      /// Only with it refunds are paid.
      var adminKey: NodeSecret?
    }

    struct PhoenixdAccess: Sendable {
      var address: NodeAddress
      var password: NodeSecret
    }

    var name: String {
      switch self {
      case .embedded: "embedded"
      case .lnd: "lnd"
      case .cln: "cln"
      case .lnbits: "lnbits"
      case .phoenixd: "phoenixd"
      }
    }
  }
}

extension Configuration {
  /// Purchases are paid on success, where the node can hold payments.
  struct Holds: Sendable {
    /// How many payments may be held at once; 0: none is.
    var atOnce: Int

    /// - Parameter yaml: the node's section. Its own reading allows the keys where the node can hold.
    init(_ yaml: YAMLReader) throws {
      let limit = Int(try yaml["held_payments"].integer(in: 1...400, default: 100))
      atOnce = try yaml["hold"].boolean(default: true) ? limit : 0
    }
  }
}

extension Configuration.Lightning {
  /// Each node has its own keys; those of another are faults, because they would be meant and do nothing.
  init(_ yaml: YAMLReader) throws {
    let node = try yaml["node"].string(default: "embedded")
    switch node {
    case "embedded":
      try yaml.allow("node", "embedded_on_public_address", "hold", "held_payments")
      self = .embedded(onPublicAddress: try yaml["embedded_on_public_address"].boolean(default: false))
    case "lnd":
      try yaml.allow("node", "url", "certificate_file", "macaroon_file", "macaroon", "hold", "held_payments")
      self = .lnd(
        LNDAccess(
          address: try yaml.nodeAddress(certificate: "certificate_file"),
          macaroon: try yaml.nodeSecret("macaroon", isHexadecimal: true)))
    case "cln":
      try yaml.allow("node", "socket", "url", "certificate_file", "rune_file", "rune")
      if yaml["socket"].exists || !yaml["url"].exists {
        for key in ["url", "certificate_file", "rune_file", "rune"] where yaml[key].exists {
          throw yaml[key].fault("either socket, or url and rune_file")
        }
        let path = try yaml["socket"].string()
        guard path.hasPrefix("/"), path.utf8.count <= 107 else {
          throw yaml["socket"].fault("expected an absolute path of at most 107 bytes")
        }
        self = .cln(.socket(path))
      } else {
        self = .cln(
          .rest(try yaml.nodeAddress(certificate: "certificate_file"), rune: try yaml.nodeSecret("rune")))
      }
    case "lnbits":
      try yaml.allow(
        "node", "url", "certificate_file", "invoice_key_file", "invoice_key", "admin_key_file", "admin_key")
      self = .lnbits(
        LNbitsAccess(
          address: try yaml.nodeAddress(certificate: "certificate_file"),
          invoiceKey: try yaml.nodeSecret("invoice_key"),
          adminKey: try yaml.hasNodeSecret("admin_key") ? try yaml.nodeSecret("admin_key") : nil))
    case "phoenixd":
      try yaml.allow("node", "url", "certificate_file", "password_file", "password")
      self = .phoenixd(
        PhoenixdAccess(
          address: try yaml.nodeAddress(certificate: "certificate_file"),
          password: try yaml.nodeSecret("password")))
    default: throw yaml["node"].fault("one of: embedded, lnd, cln, lnbits, phoenixd; found '\(node)'")
    }
  }
}

extension YAMLReader {
  fileprivate func nodeAddress(certificate: String) throws -> NodeAddress {
    let url = try self["url"].string()
    do {
      return try NodeAddress(url, certificateFile: try self[certificate].optionalString())
    } catch let error as RPCError {
      throw self["url"].fault(error.words)
    }
  }

  fileprivate func hasNodeSecret(_ name: String) throws -> Bool {
    try self[name].optionalString() != nil || (try self[name + "_file"].optionalString()) != nil
  }

  /// From `<name>_file`, or from the environment (`LEASEHOLD_LIGHTNING_<NAME>`). Never from the configuration itself,
  /// which others may read.
  fileprivate func nodeSecret(_ name: String, isHexadecimal: Bool = false) throws -> NodeSecret {
    guard !self[name].exists else {
      throw self[name].fault("a secret is not written here: name a file in \(path).\(name)_file")
    }
    if let text = try self[name].optionalString() {
      guard !text.isEmpty, !isHexadecimal || Hex.bytes(text) != nil else {
        throw self[name].fault("the environment's value is \(text.isEmpty ? "empty" : "no hexadecimal number")")
      }
      return NodeSecret(text)
    }
    let place = self[name + "_file"]
    let file = try place.string()
    do throws(NodeSecret.Fault) {
      return isHexadecimal ? try .hexadecimal(inFile: file) : try .text(inFile: file)
    } catch {
      throw place.fault("\(error)")
    }
  }
}
