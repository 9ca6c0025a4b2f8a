import Units

/// The tagged fields of an invoice, read but not yet required.
struct Fields {
  var paymentHash: [UInt8]?
  var paymentSecret: [UInt8]?
  var subject: Invoice.Subject?
  var payee: NodeID?
  var expiry: Seconds?
  var minFinalCLTV: Int64?
  var routeHints: [RouteHint] = []
  var fallbacks: [Fallback] = []
  var features: Features?
  var metadata: [UInt8]?

  /// The first field that stands twice although it may stand once. Told apart from the other refusals because the
  /// signature is judged before it.
  var repeated: Character?

  init(_ groups: ArraySlice<UInt8>) throws(BOLT11Error) {
    var rest = groups
    var seen = [Bool](repeating: false, count: 32)
    while let code = rest.popFirst() {
      let letter = Character(UnicodeScalar(Bech32.alphabet[Int(code)]))
      guard let high = rest.popFirst(), let low = rest.popFirst() else { throw .truncatedField(letter) }
      let length = Int(high) << 5 | Int(low)
      guard length <= rest.count else { throw .truncatedField(letter) }
      let data = rest.prefix(length)
      rest = rest.dropFirst(length)

      guard let tag = FieldTag(rawValue: code) else { continue }
      if let exact = tag.exactGroupCount, exact != length { continue }
      if tag.standsOnce {
        if seen[Int(code)] {
          repeated = repeated ?? letter
          continue
        }
        seen[Int(code)] = true
      }
      try read(tag, data)
    }
  }

  private mutating func read(_ tag: FieldTag, _ data: ArraySlice<UInt8>) throws(BOLT11Error) {
    switch tag {
    case .paymentHash: paymentHash = try bytes(of: data, tag)
    case .paymentSecret: paymentSecret = try bytes(of: data, tag)
    case .metadata: metadata = try bytes(of: data, tag)
    case .description:
      guard let text = String(validating: try bytes(of: data, tag), as: UTF8.self) else { throw .badText }
      setSubject(.description(text), tag)
    case .descriptionHash:
      setSubject(.descriptionHash(try bytes(of: data, tag)), tag)
    case .payee:
      guard let node = NodeID(bytes: try bytes(of: data, tag)) else { throw .badSignature }
      payee = node
    case .expiry:
      expiry = Seconds(try number(of: data, tag))
    case .minFinalCLTV:
      minFinalCLTV = try number(of: data, tag)
    case .routeHint:
      routeHints.append(try RouteHint(bytes: try bytes(of: data, tag)))
    case .fallback:
      guard let version = data.first, version <= 18 else { return }
      // A program of an impossible length is as unknown to us as a version of the future.
      let program = try bytes(of: data.dropFirst(), tag)
      if let fallback = Fallback(version: version, program: program) { fallbacks.append(fallback) }
    case .features:
      let features = Features(groups: data)
      if let bit = features.unknownDemand { throw .unknownFeature(bit) }
      self.features = features
    }
  }

  /// Words and a hash of words in one invoice would leave readers to disagree on what was bought.
  private mutating func setSubject(_ subject: Invoice.Subject, _ tag: FieldTag) {
    if self.subject != nil { repeated = repeated ?? tag.letter }
    self.subject = subject
  }

  private func bytes(of data: ArraySlice<UInt8>, _ tag: FieldTag) throws(BOLT11Error) -> [UInt8] {
    guard let bytes = FiveBits.bytes(of: data) else { throw .badPadding(tag.letter) }
    return bytes
  }

  private func number(of data: ArraySlice<UInt8>, _ tag: FieldTag) throws(BOLT11Error) -> Int64 {
    guard let number = FiveBits.number(of: data) else { throw .numberTooLarge(tag.letter) }
    return number
  }
}
