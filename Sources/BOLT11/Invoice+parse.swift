import Units

extension Invoice {
  /// Seven groups of timestamp, and 65 bytes of signature at the end.
  static let timestampGroups = 7
  static let signatureGroups = 104

  /// The invoice alone: without white space around it, and without the scheme `lightning:` that wallets, QR codes and
  /// links put before it, in whatever case. Anything else stays as it is.
  public static func bare(_ text: String) -> String {
    // By bytes: a character of several scalars may begin with a space.
    func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
    func trimmed(_ bytes: Substring.UTF8View) -> Substring.UTF8View {
      var rest = bytes.drop(while: isSpace)
      while let last = rest.last, isSpace(last) { rest = rest.dropLast() }
      return rest
    }
    let whole = trimmed(Substring(text).utf8)
    let scheme = "lightning:"
    let begins = whole.prefix(scheme.utf8.count).map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }
    guard begins == Array(scheme.utf8) else { return String(decoding: whole, as: UTF8.self) }
    let behind = whole.dropFirst(scheme.utf8.count)
    let slashes = behind.starts(with: "//".utf8) ? behind.dropFirst(2) : behind
    return String(decoding: trimmed(slashes), as: UTF8.self)
  }

  /// Reads an invoice in either case, checks its checksum and signature, and refuses what a payer must refuse.
  ///
  /// Fields nobody knows, fallbacks of unknown versions, and `p`, `h`, `s`, `n` of the wrong length are skipped, as
  /// BOLT 11 says. The time is not looked at: an expired invoice parses.
  ///
  /// - Parameter text: the invoice as wallets hand it out: alone, or with `lightning:` before and white space around it.
  public static func parse(_ text: String) throws(BOLT11Error) -> Invoice {
    let text = bare(text)
    let decoded = try Bech32.decode(text)
    let head = try HumanReadablePart(decoded.prefix)
    let groups = decoded.groups
    guard groups.count >= timestampGroups + signatureGroups else { throw .tooShort }
    let signed = groups[..<(groups.count - signatureGroups)]

    let fields = try Fields(signed.dropFirst(timestampGroups))
    guard let paymentHash = fields.paymentHash else { throw .missingField(FieldTag.paymentHash.letter) }
    guard let paymentSecret = fields.paymentSecret else { throw .missingField(FieldTag.paymentSecret.letter) }
    guard let subject = fields.subject else { throw .missingField(FieldTag.description.letter) }
    let payee = try payee(
      named: fields.payee, signature: groups[signed.endIndex...], hash: signingHash(prefix: decoded.prefix, signed))
    if let letter = fields.repeated { throw .repeatedField(letter) }

    let seconds = signed.prefix(timestampGroups).reduce(Int64(0)) { $0 << 5 | Int64($1) }
    return Invoice(
      text: text.lowercased(),
      network: head.network,
      amount: head.amount,
      timestamp: Instant(unixSeconds: seconds),
      paymentHash: paymentHash,
      paymentSecret: paymentSecret,
      subject: subject,
      expiry: fields.expiry ?? defaultExpiry,
      minFinalCLTV: fields.minFinalCLTV ?? defaultMinFinalCLTV,
      routeHints: fields.routeHints,
      fallbacks: fields.fallbacks,
      features: fields.features ?? [],
      metadata: fields.metadata,
      payee: payee,
      namesPayee: fields.payee != nil)
  }

  /// What the payee signs: the SHA-256 of the prefix as text and the groups as bytes.
  static func signingHash(prefix: [UInt8], _ signed: ArraySlice<UInt8>) -> [UInt8] {
    var bytes = prefix
    bytes.reserveCapacity(prefix.count + signed.count * 5 / 8 + 1)
    FiveBits.appendFillingUp(signed, to: &bytes)
    return SHA256.digest(of: bytes)
  }

  private static func payee(
    named: NodeID?, signature groups: ArraySlice<UInt8>, hash: [UInt8]
  ) throws(BOLT11Error) -> NodeID {
    guard var bytes = FiveBits.bytes(of: groups), let recoveryID = bytes.popLast() else {
      preconditionFailure("104 groups are 65 bytes")
    }
    let signature = Secp256k1.Signature(compact: bytes, recoveryID: recoveryID)
    guard let named else {
      guard let key = Secp256k1.recover(signature, of: hash) else { throw .unrecoverableSignature }
      return NodeID(unchecked: key)
    }
    switch Secp256k1.verify(signature, of: hash, by: named.bytes) {
    case .genuine: return named
    case .forged: throw .badSignature
    case .high: throw .highSignature
    }
  }
}
