import Units

extension Invoice {
  /// Seven groups of timestamp, and 65 bytes of signature at the end.
  static let timestampGroups = 7
  static let signatureGroups = 104

  /// Reads an invoice in either case, checks its checksum and signature, and refuses what a payer must refuse.
  ///
  /// Fields nobody knows, fallbacks of unknown versions, and `p`, `h`, `s`, `n` of the wrong length are skipped, as
  /// BOLT 11 says. The time is not looked at: an expired invoice parses.
  ///
  /// - Parameter text: the invoice alone, without `lightning:` and without white space.
  public static func parse(_ text: String) throws(BOLT11Error) -> Invoice {
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
