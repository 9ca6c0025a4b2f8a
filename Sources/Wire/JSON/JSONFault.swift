/// Why bytes are not what was asked for.
public enum JSONFault: Error, Hashable, Sendable {
  /// Not JSON (RFC 8259), with the offset of the first byte that cannot be.
  case malformed(offset: Int)
  /// JSON, but a field is missing, unknown, repeated, or of the wrong type. `field` is its path: `periods`,
  /// `command.2`; empty for the document itself.
  case field(String, String)
}
