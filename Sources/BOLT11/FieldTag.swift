/// The fields an invoice may carry (BOLT 11, "Tagged Fields"), by the group that announces them.
enum FieldTag: UInt8 {
  case paymentHash = 1
  case routeHint = 3
  case features = 5
  case expiry = 6
  case fallback = 9
  case description = 13
  case paymentSecret = 16
  case payee = 19
  case descriptionHash = 23
  case minFinalCLTV = 24
  case metadata = 27

  /// The letter the specification knows the field by.
  var letter: Character { Character(UnicodeScalar(Bech32.alphabet[Int(rawValue)])) }

  /// The one length in groups a reader believes; a field of another length is skipped as if it were unknown.
  var exactGroupCount: Int? {
    switch self {
    case .paymentHash, .paymentSecret, .descriptionHash: 52
    case .payee: 53
    case .routeHint, .features, .expiry, .fallback, .description, .minFinalCLTV, .metadata: nil
    }
  }

  /// Whether a second one would leave readers to disagree on which counts.
  var standsOnce: Bool {
    switch self {
    case .routeHint, .fallback: false
    case .paymentHash, .features, .expiry, .description, .paymentSecret, .payee, .descriptionHash, .minFinalCLTV,
      .metadata:
      true
    }
  }
}
