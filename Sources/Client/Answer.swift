import Wire

/// What a server said: the document, and its bytes as they came.
public struct Answer<Document: Sendable>: Sendable {
  public let document: Document
  /// JSON, unchanged but for what is nobody's to be shown.
  public let json: [UInt8]
  /// Of HTTP.
  public let status: Int
}

extension Answer<LeaseDocument> {
  /// Without the credential that the answer to a purchase repeats: it is kept here, and put out for who asks for it.
  var withoutCredential: Answer<LeaseDocument> {
    guard document.credential != nil else { return self }
    var document = document
    document.credential = nil
    return Answer(document: document, json: JSON.encode(document), status: status)
  }
}
