/// Why a text is not an invoice, or why a draft cannot become one.
///
/// The tags are the letters BOLT 11 gives its fields. No case carries a secret.
public enum BOLT11Error: Error, Hashable, Sendable {
  // The text.
  case tooShort
  case mixedCase
  case noSeparator
  case badCharacter
  case badChecksum

  // Before the separator.
  /// The text does not begin with `ln`.
  case notAnInvoice
  case unknownNetwork(String)
  /// Not a positive decimal number without leading zeros.
  case badAmount
  /// Not one of `m`, `u`, `n`, `p`.
  case badMultiplier
  /// A `p` amount that is no whole number of millisatoshis.
  case subMillisatoshiAmount
  /// More millisatoshis than 64 bits hold.
  case amountTooLarge

  // The fields.
  /// A field says it is longer than what is left.
  case truncatedField(Character)
  /// A field that may stand once stands twice; readers would disagree on which one counts.
  case repeatedField(Character)
  /// `p`, `s`, or `d` where neither `d` nor `h` is there.
  case missingField(Character)
  /// Bits left over at the end of a field are not zero, or are a whole group too many.
  case badPadding(Character)
  /// A number in `x` or `c` does not fit 63 bits.
  case numberTooLarge(Character)
  /// The description is not UTF-8.
  case badText
  /// An `r` field is not one or more hops of 51 bytes.
  case badRouteHint
  /// An even feature bit nobody here knows: the payee demands what we cannot do.
  case unknownFeature(Int)

  // The signature.
  case unrecoverableSignature
  /// The upper of the two equivalent signatures, where `n` names the payee: anyone could have flipped it.
  case highSignature
  /// The signature is not that of the payee named in `n`.
  case badSignature

  // Keys and drafts.
  /// Not 32 bytes, zero, or not below the order of the curve.
  case badKey
  /// A hash, secret, node id or witness program of the wrong length.
  case badLength(Character)
  /// Over what a field holds (1,023 groups of five bits: 639 bytes).
  case fieldTooLong(Character)
  /// Before 1970, or later than 35 bits of seconds.
  case timestampOutOfRange
}
