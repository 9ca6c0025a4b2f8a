/// Documents to bytes and back.
///
/// Our own rather than Foundation's for three reasons: a request's fault is named by its field, unknown fields are
/// refused, and integers never pass through `Double`. It also costs a program that has no other use for Foundation
/// nothing.
public enum JSON {
  /// Whether a field that nobody asked for is a fault.
  public enum UnknownFields: Sendable {
    /// For requests: a misspelt option must not be passed over in silence.
    case refused
    /// For answers: a newer server may say more than an older client knows.
    case ignored
  }

  /// Reads a document.
  ///
  /// - Throws: ``JSONFault`` and nothing else.
  public static func decode<Document: Decodable>(
    _ type: Document.Type, from bytes: some Sequence<UInt8>, unknownFields: UnknownFields = .ignored
  ) throws(JSONFault) -> Document {
    let node = try JSONParser.parse(Array(bytes))
    let reader = NodeReader(unknownFields: unknownFields)
    do {
      return try NodeDecoder(node, path: "", reader: reader).decode(type)
    } catch let fault as JSONFault {
      throw fault
    } catch let error as DecodingError {
      throw JSONFault(error)
    } catch {
      throw .field("", "is not as described")
    }
  }

  /// Writes a document, compactly; fields in the order in which the type encodes them.
  public static func encode(_ document: some Encodable) -> [UInt8] {
    let buffer = JSONBuffer()
    do {
      try JSONEncoding(buffer).encode(document)
    } catch {
      preconditionFailure("documents of the wire encode without fail: \(error)")
    }
    return buffer.bytes
  }

  /// The same as text.
  public static func text(_ document: some Encodable) -> String {
    String(decoding: encode(document), as: UTF8.self)
  }
}

extension JSONFault {
  init(_ error: DecodingError) {
    func path(_ context: DecodingError.Context) -> String {
      context.codingPath.map { $0.intValue.map(String.init(_:)) ?? $0.stringValue }.joined(separator: ".")
    }
    switch error {
    case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context):
      self = .field(path(context), context.debugDescription)
    @unknown default:
      self = .field("", "is not as described")
    }
  }
}
