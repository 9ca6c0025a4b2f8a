import HTTPTypes

/// A header that cannot be read, or that does not go with another one: `400`.
public struct BadHeader: Error, Hashable, Sendable {
  /// A sentence of ours, without quotes and backslashes.
  public var detail: String

  public init(_ detail: String) {
    self.detail = detail
  }
}

extension HTTPField.Name {
  static func named(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("a header's name is a token") }
    return name
  }

  /// Tells the parts of one upload from those of others: see ``UploadPart``.
  public static let uploadKey = named("Upload-Key")
  /// `SHA1:<hex>` of a whole file: see ``Checksum``.
  public static let checksum = named("OC-Checksum")
  /// RFC 1864.
  public static let contentMD5 = named("Content-MD5")
}
