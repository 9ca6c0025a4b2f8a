/// Why bytes are not a macaroon.
public enum MacaroonFault: Error, Hashable, Sendable {
  /// There are none.
  case empty
  /// The first byte is not that of the format.
  case version
  /// The bytes end where more must follow, or a packet says that it is longer than what is left; which of the two it
  /// was cannot be told.
  case truncated
  /// A length or tag is not written in the fewest bytes, or does not fit.
  case varint
  /// The header, or a caveat, has no identifier where it must stand.
  case identifier
  /// A field stands where the format has another one, or none.
  case field
  /// A caveat that no third party discharges says where one lives.
  case location
  /// The list of caveats goes over into the signature without an end.
  case list
  /// Something else stands where the signature must, or nothing.
  case unsigned
  /// The signature is not 32 bytes.
  case signature
  /// Bytes follow the signature.
  case trailing
  /// The text is not base64.
  case base64
  /// The text is not the JSON of a macaroon.
  case json
  /// A field does not fit into a packet of V1, whose length has four digits. Thrown by writing alone.
  case tooLong

  /// A stable code for logs, metrics and problem documents.
  public var reason: String {
    switch self {
    case .empty: "macaroon-empty"
    case .version: "macaroon-version"
    case .truncated: "macaroon-truncated"
    case .varint: "macaroon-varint"
    case .identifier: "macaroon-no-identifier"
    case .field: "macaroon-field"
    case .location: "macaroon-first-party-location"
    case .list: "macaroon-list-unterminated"
    case .unsigned: "macaroon-unsigned"
    case .signature: "macaroon-signature-length"
    case .trailing: "macaroon-trailing-bytes"
    case .base64: "macaroon-base64"
    case .json: "macaroon-json"
    case .tooLong: "macaroon-too-long-for-v1"
    }
  }
}
