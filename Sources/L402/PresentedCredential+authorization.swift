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
  /// padding; hex in either case; several macaroons separated by commas; the same credential on several lines. Lines
  /// of other schemes are passed over.
  ///
  /// - Returns: nil when no line has one of the two schemes.
  /// - Throws: ``CredentialRefusal/badHeader`` for anything else that follows such a scheme, and for two lines that
  ///   show different credentials; ``CredentialRefusal/malformed`` when what is there is no macaroon of L402.
  public static func parse(
    authorization lines: [String], emptyPreimage: EmptyPreimage = .refused
  ) throws(CredentialRefusal) -> PresentedCredential? {
    var found: PresentedCredential?
    for line in lines {
      var line = line
      // Typed throws do not cross the standard library's `rethrows`.
      let outcome = line.withUTF8 { bytes in
        Result { () throws(CredentialRefusal) in
          try AuthorizationLine(bytes).credential(emptyPreimage: emptyPreimage)
        }
      }
      guard let credential = try outcome.get() else { continue }
      if let found, found != credential { throw .badHeader }
      found = credential
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
      let preimage = Bytes32(hexDigits: digits)
    else { throw .badHeader }
    return try PresentedCredential(macaroon: macaroon, preimage: Preimage(preimage))
  }
}

extension Macaroon {
  fileprivate init(presented bytes: [UInt8]) throws(CredentialRefusal) {
    do throws(MacaroonFault) {
      try self.init(v2: bytes)
    } catch {
      throw .malformed
    }
  }
}

/// One header line, read in place.
private struct AuthorizationLine {
  private typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>
  private let bytes: Bytes

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = AuthorizationLine.trimmed(bytes[...])
  }

  func credential(
    emptyPreimage: PresentedCredential.EmptyPreimage
  ) throws(CredentialRefusal) -> PresentedCredential? {
    guard var rest = AuthorizationLine.afterScheme(bytes) else { return nil }
    // One client in use writes the scheme twice.
    rest = AuthorizationLine.afterScheme(rest) ?? rest
    guard let colon = rest.firstIndex(of: UInt8(ascii: ":")) else { throw .badHeader }
    let preimage = try preimage(rest[(colon + 1)...], empty: emptyPreimage)
    var macaroons: [Macaroon] = []
    for part in rest[..<colon].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard !part.isEmpty,
        let decoded = Base64.decode(UnsafeBufferPointer(rebasing: AuthorizationLine.trimmed(part)))
      else { throw .badHeader }
      macaroons.append(try Macaroon(presented: decoded))
    }
    return try PresentedCredential(
      macaroon: macaroons[0], discharges: Array(macaroons.dropFirst()), preimage: preimage)
  }

  private func preimage(
    _ digits: Bytes, empty: PresentedCredential.EmptyPreimage
  ) throws(CredentialRefusal) -> Preimage? {
    if digits.isEmpty {
      switch empty {
      case .isClaim: return nil
      case .refused: throw .badHeader
      }
    }
    guard let bytes = Bytes32(hexDigits: digits) else { throw .badHeader }
    return Preimage(bytes)
  }

  /// What follows `L402` or `LSAT` and at least one space; nil for another scheme. A scheme with nothing after it is
  /// followed by nothing.
  private static func afterScheme(_ bytes: Bytes) -> Bytes? {
    let scheme = bytes.prefix { $0 != UInt8(ascii: " ") }
    guard scheme.count == 4, matches(scheme, "l402") || matches(scheme, "lsat") else { return nil }
    return bytes[scheme.endIndex...].drop { $0 == UInt8(ascii: " ") }
  }

  private static func matches(_ bytes: Bytes, _ lowercase: StaticString) -> Bool {
    zip(bytes, 0..<lowercase.utf8CodeUnitCount).allSatisfy { byte, index in
      let letter = lowercase.utf8Start[index]
      return byte == letter || (letter >= UInt8(ascii: "a") && byte | 0x20 == letter)
    }
  }

  /// Without spaces and tabs at either end (RFC 9110 §5.5).
  private static func trimmed(_ bytes: Bytes) -> Bytes {
    func blank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
    var bytes = bytes.drop(while: blank)
    while let last = bytes.last, blank(last) { bytes = bytes.dropLast() }
    return bytes
  }
}
