import Wire

/// What a server said: the document, and its bytes as they came.
public struct Answer<Document: Sendable>: Sendable {
  public let document: Document
  /// JSON, unchanged.
  public let json: [UInt8]
  /// Of HTTP.
  public let status: Int
}
