import Units

/// An invoice before it is signed.
public struct InvoiceDraft: Sendable {
  public var network: Network

  /// At least one millisatoshi; `nil` leaves the amount to the payer.
  public var amount: Millisatoshi?

  /// Kept to the second, rounded towards the past.
  public var timestamp: Instant

  /// 32 bytes: the SHA-256 of the preimage.
  public var paymentHash: [UInt8]

  /// 32 bytes, random, of this invoice alone.
  public var paymentSecret: [UInt8]

  public var subject: Invoice.Subject

  /// Not negative; `nil` writes nothing, which readers take for an hour.
  public var expiry: Seconds?

  /// Not negative; `nil` writes nothing, which readers take for 18 blocks.
  public var minFinalCLTV: Int64?

  public var routeHints: [RouteHint] = []
  public var fallbacks: [Fallback] = []
  public var features: Features = .standard

  /// At most 639 bytes.
  public var metadata: [UInt8]?

  /// Writes the payee's key out (field `n`); readers recover it from the signature otherwise.
  public var namesPayee = false

  public init(
    network: Network, amount: Millisatoshi?, timestamp: Instant, paymentHash: [UInt8], paymentSecret: [UInt8],
    subject: Invoice.Subject, expiry: Seconds? = nil, minFinalCLTV: Int64? = nil
  ) {
    self.network = network
    self.amount = amount
    self.timestamp = timestamp
    self.paymentHash = paymentHash
    self.paymentSecret = paymentSecret
    self.subject = subject
    self.expiry = expiry
    self.minFinalCLTV = minFinalCLTV
  }

  /// The signed invoice. The same draft and key give the same text (RFC 6979 nonces).
  ///
  /// - Throws: ``BOLT11Error/badAmount``, ``BOLT11Error/badLength(_:)``, ``BOLT11Error/fieldTooLong(_:)``,
  ///   ``BOLT11Error/timestampOutOfRange``, ``BOLT11Error/numberTooLarge(_:)`` or
  ///   ``BOLT11Error/unknownFeature(_:)``: whatever ``Invoice/parse(_:)`` would not take back.
  public func sign(with key: NodeKey) throws(BOLT11Error) -> Invoice {
    if let amount, amount < 1 { throw .badAmount }
    let prefix = HumanReadablePart(network: network, amount: amount).bytes
    var groups = try groups(payee: key.nodeID)
    let signature = key.sign(Invoice.signingHash(prefix: prefix, groups[...]))
    FiveBits.append(signature.compact + [signature.recoveryID], to: &groups)

    return Invoice(
      text: Bech32.encode(prefix: prefix, groups: groups),
      network: network,
      amount: amount,
      timestamp: Instant(unixSeconds: timestamp.unixSeconds),
      paymentHash: paymentHash,
      paymentSecret: paymentSecret,
      subject: subject,
      expiry: expiry ?? Invoice.defaultExpiry,
      minFinalCLTV: minFinalCLTV ?? Invoice.defaultMinFinalCLTV,
      routeHints: routeHints,
      fallbacks: fallbacks,
      features: features,
      metadata: metadata,
      payee: key.nodeID,
      namesPayee: namesPayee)
  }

  private func groups(payee: NodeID) throws(BOLT11Error) -> [UInt8] {
    let seconds = timestamp.unixSeconds
    guard seconds >= 0, seconds < 1 << 35 else { throw .timestampOutOfRange }
    if let bit = features.unknownDemand { throw .unknownFeature(bit) }

    var fields = FieldWriter(FiveBits.groups(of: seconds, count: Invoice.timestampGroups))
    try fields.put(.paymentHash, bytes: paymentHash)
    try fields.put(.paymentSecret, bytes: paymentSecret)
    switch subject {
    case .description(let text): try fields.put(.description, bytes: Array(text.utf8))
    case .descriptionHash(let hash): try fields.put(.descriptionHash, bytes: hash)
    }
    if let metadata { try fields.put(.metadata, bytes: metadata) }
    if namesPayee { try fields.put(.payee, bytes: payee.bytes) }
    if let expiry { try fields.put(.expiry, number: expiry.count) }
    if let minFinalCLTV { try fields.put(.minFinalCLTV, number: minFinalCLTV) }
    for fallback in fallbacks {
      var data = [fallback.version]
      FiveBits.append(fallback.program, to: &data)
      try fields.put(.fallback, groups: data)
    }
    for hint in routeHints { try fields.put(.routeHint, bytes: hint.bytes) }
    if !features.bits.isEmpty { try fields.put(.features, groups: features.groups) }
    return fields.groups
  }
}
