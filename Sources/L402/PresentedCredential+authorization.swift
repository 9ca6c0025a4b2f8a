import Macaroons

extension PresentedCredential {
  /// Whether an absent preimage is read as a claim.
  public enum EmptyPreimage: Sendable {
    case refused
    /// For the one route that hands a preimage out.
    case isClaim
  }

  /// Reads the `Authorization` header lines of a request.
  ///
  /// Accepted: the schemes `L402` and `LSAT` in any case, once or doubled; standard or URL base64 with or without
  /// padding; hex in either case; several macaroons separated by commas; the same credential on several lines; and, where
  /// no line has one of the two schemes, `Bearer` with the same behind it. Lines of other schemes, and a `Bearer` that is
  /// something else, are passed over.
  ///
  /// - Returns: nil when no line has one of the two schemes.
  /// - Throws: ``CredentialRefusal/badHeader`` for anything else that follows such a scheme, and for two lines that
  ///   show different credentials; ``CredentialRefusal/malformed`` when what is there is no macaroon of L402.
  public static func parse(
    authorization lines: [String], emptyPreimage: EmptyPreimage = .refused
  ) throws(CredentialRefusal) -> PresentedCredential? {
    if let found = try parse(lines, .l402, emptyPreimage) { return found }
    return try parse(lines, .bearer, emptyPreimage)
  }

  private static func parse(
    _ lines: [String], _ scheme: AuthorizationLine.Scheme, _ emptyPreimage: EmptyPreimage
  ) throws(CredentialRefusal) -> PresentedCredential? {
    var found: PresentedCredential?
    for line in lines {
      var line = line
      var refusal: CredentialRefusal?
      line.withUTF8 { bytes in
        // Typed throws do not cross the standard library's `rethrows`.
        do throws(CredentialRefusal) {
          var line = AuthorizationLine(bytes)
          guard let credential = try line.credential(as: scheme, emptyPreimage: emptyPreimage) else { return }
          if let found, found != credential { throw .badHeader }
          found = credential
        } catch {
          refusal = error
        }
      }
      if let refusal { throw refusal }
    }
    return found
  }

  /// Reads the metadata form of gRPC clients: the macaroon in hex, its preimage a caveat `preimage=<hex>`.
  ///
  /// - Throws: ``CredentialRefusal/badHeader``, ``CredentialRefusal/malformed``.
  public static func parse(metadata hex: String) throws(CredentialRefusal) -> PresentedCredential {
    guard let bytes = Hex.decode(hex) else { throw .badHeader }
    let macaroon = try Macaroon(presented: bytes)
    let name = Array("preimage=".utf8)
    let preimages = macaroon.caveats.filter { !$0.isThirdParty && $0.identifier.starts(with: name) }
    guard preimages.count == 1, let digits = preimages.first?.identifier.dropFirst(name.count),
      let preimage = digits.withUnsafeBufferPointer({ Bytes32(hexDigits: $0) })
    else { throw .badHeader }
    return try PresentedCredential(macaroon: macaroon, preimage: Preimage(preimage))
  }
}

extension Macaroon {
  fileprivate init(presented bytes: [UInt8]) throws(CredentialRefusal) {
    do throws(MacaroonFault) {
      try self.init(binary: bytes)
    } catch {
      throw .malformed
    }
  }
}

/// One header line, read in place.
private struct AuthorizationLine {
  private let bytes: UnsafeBufferPointer<UInt8>
  /// What is not yet read, without blanks at its end.
  private var rest: Range<Int>

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    rest = 0..<bytes.count
    rest = trimmed(rest)
  }

  enum Scheme {
    case l402
    /// Whose token may be anything: the provider's, another service's.
    case bearer
  }

  mutating func credential(
    as scheme: Scheme, emptyPreimage: PresentedCredential.EmptyPreimage
  ) throws(CredentialRefusal) -> PresentedCredential? {
    switch scheme {
    case .l402: return try credential(emptyPreimage: emptyPreimage)
    case .bearer:
      guard skipBearer(), let colon = colon(), colon > rest.lowerBound,
        decode(rest.lowerBound..<colon)?.first == 2
      else { return nil }
      return try credential(emptyPreimage: emptyPreimage, behindScheme: true)
    }
  }

  private mutating func skipBearer() -> Bool {
    let end = rest.lowerBound + 6
    guard end < rest.upperBound, bytes[end] == UInt8(ascii: " "), spells(rest.lowerBound, "bear"),
      bytes[rest.lowerBound + 4] | 0x20 == UInt8(ascii: "e"), bytes[rest.lowerBound + 5] | 0x20 == UInt8(ascii: "r")
    else { return false }
    var next = end
    while next < rest.upperBound, bytes[next] == UInt8(ascii: " ") { next += 1 }
    rest = next..<rest.upperBound
    return true
  }

  private mutating func credential(
    emptyPreimage: PresentedCredential.EmptyPreimage, behindScheme: Bool = false
  ) throws(CredentialRefusal) -> PresentedCredential? {
    guard behindScheme || skipScheme() else { return nil }
    // One client in use writes the scheme twice.
    _ = skipScheme()
    guard let colon = colon() else { throw .badHeader }
    let preimage = try preimage(colon + 1..<rest.upperBound, empty: emptyPreimage)
    let macaroons = rest.lowerBound..<colon
    // One macaroon is the rule; a comma is looked for only when what stands there is not base64.
    if let decoded = decode(macaroons) {
      return try PresentedCredential(macaroon: Macaroon(presented: decoded), preimage: preimage)
    }
    var found: [Macaroon] = []
    for part in bytes[macaroons].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let decoded = decode(trimmed(part.startIndex..<part.endIndex)) else { throw .badHeader }
      found.append(try Macaroon(presented: decoded))
    }
    return try PresentedCredential(macaroon: found[0], discharges: Array(found.dropFirst()), preimage: preimage)
  }

  /// The colon stands before 64 digits or before nothing. One anywhere else is found by what cannot be decoded then.
  private func colon() -> Int? {
    let digits = Bytes32.count * 2
    func isColon(_ index: Int) -> Bool { index >= rest.lowerBound && bytes[index] == UInt8(ascii: ":") }
    let last = rest.upperBound - 1
    return isColon(last) ? last : isColon(last - digits) ? last - digits : nil
  }

  private func decode(_ text: Range<Int>) -> [UInt8]? {
    text.isEmpty ? nil : Base64.decode(UnsafeBufferPointer(rebasing: bytes[text]))
  }

  private func preimage(
    _ digits: Range<Int>, empty: PresentedCredential.EmptyPreimage
  ) throws(CredentialRefusal) -> Preimage? {
    if digits.isEmpty {
      switch empty {
      case .isClaim: return nil
      case .refused: throw .badHeader
      }
    }
    guard let bytes = Bytes32(hexDigits: UnsafeBufferPointer(rebasing: bytes[digits])) else { throw .badHeader }
    return Preimage(bytes)
  }

  /// Moves behind `L402` or `LSAT` and the spaces after it; false, without moving, when another scheme stands there.
  private mutating func skipScheme() -> Bool {
    let end = rest.lowerBound + 4
    guard end <= rest.upperBound, end == rest.upperBound || bytes[end] == UInt8(ascii: " "),
      spells(rest.lowerBound, "l402") || spells(rest.lowerBound, "lsat")
    else { return false }
    var next = end
    while next < rest.upperBound, bytes[next] == UInt8(ascii: " ") { next += 1 }
    rest = next..<rest.upperBound
    return true
  }

  /// Whether four letters or digits stand there, in any case.
  private func spells(_ start: Int, _ lowercase: StaticString) -> Bool {
    var index = 0
    while index < 4 {
      let letter = lowercase.utf8Start[index]
      let byte = bytes[start + index]
      guard byte == letter || (letter >= UInt8(ascii: "a") && byte | 0x20 == letter) else { return false }
      index += 1
    }
    return true
  }

  /// Without spaces and tabs at either end (RFC 9110 §5.5).
  private func trimmed(_ range: Range<Int>) -> Range<Int> {
    func blank(_ index: Int) -> Bool { bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") }
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, blank(lower) { lower += 1 }
    while lower < upper, blank(upper - 1) { upper -= 1 }
    return lower..<upper
  }
}
