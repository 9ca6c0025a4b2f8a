/// Why bytes are not a macaroon.
public enum MacaroonFault: Error, Hashable, Sendable {
  /// The first byte is not that of the V2 binary format.
  case version
  /// The bytes end inside a packet, or a packet says that it is longer than what is left.
  case truncated
  /// A length or tag is not written in the fewest bytes, or does not fit.
  case varint
  /// A field stands where the format has another one, or none.
  case field
  /// The signature is not 32 bytes.
  case signature
  /// Bytes follow the signature.
  case trailing
}

/// Why a macaroon does not hold under a key.
public enum VerificationFault: Error, Hashable, Sendable {
  /// The chain does not end in the signature: another key, or something was changed, taken out or put in.
  case forged
  /// The chain is genuine, and a third-party caveat has no discharge that could be checked.
  case undischarged
}
