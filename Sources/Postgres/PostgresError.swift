import CLibpq
import Glibc

/// What went wrong, in the server's own words where there are some.
///
/// Parameter values are never part of it. `detail` may quote stored rows ("Key (id)=(5) already exists"), which is
/// why ``description`` leaves it out: descriptions end in logs.
public struct PostgresError: Error, Sendable {
  public enum Kind: Hashable, Sendable {
    /// The server refused a statement; `sqlState` says why.
    case server
    /// No connection could be made within the time allowed.
    case connectionFailed
    /// The connection broke. Inside a transaction nothing has been committed.
    case connectionLost
    /// The connection broke while COMMIT was under way: the transaction is either wholly done or wholly undone,
    /// and only reading can tell. The caller must be idempotent and decides.
    case commitOutcomeUnknown
    /// The body ended normally although a statement in it had failed, so that COMMIT rolled back.
    case transactionAborted
    /// Every connection stayed busy for the whole acquire timeout.
    case acquireTimeout
    /// The pool, reader or listener has been closed.
    case closed
    /// A column does not hold what the caller asked for.
    case decoding
    /// The call makes no sense here: a connection string that cannot be parsed, COPY of a statement that is none.
    case misuse
  }

  public var kind: Kind
  public var sqlState: SQLState?
  public var message: String
  public var detail: String?
  public var constraint: String?
  public var table: String?
  public var column: String?
  /// The statement as it was written, with `$1` for parameters.
  public var statement: String?
  /// The function of the server that raised it, which alone tells some cases of one SQLSTATE apart.
  var serverFunction: String?

  public init(
    _ kind: Kind, _ message: String, sqlState: SQLState? = nil, detail: String? = nil, statement: String? = nil
  ) {
    self.kind = kind
    self.message = message
    self.sqlState = sqlState
    self.detail = detail
    self.statement = statement
  }

  /// Whether the same transaction, run again from its beginning, may succeed, and nothing of this run has stayed.
  public var isRetryable: Bool {
    switch kind {
    case .server:
      sqlState == .serializationFailure || sqlState == .deadlockDetected || isStalePreparedStatement
    case .connectionLost: true
    case .connectionFailed, .commitOutcomeUnknown, .transactionAborted, .acquireTimeout, .closed, .decoding, .misuse:
      false
    }
  }

  func saying(_ kind: Kind) -> PostgresError {
    var error = self
    error.kind = kind
    return error
  }

  /// A prepared statement the server no longer has, or whose result changed shape under it (DDL).
  var isStalePreparedStatement: Bool {
    sqlState == .undefinedPreparedStatement
      || (sqlState == .featureNotSupported && serverFunction == "RevalidateCachedQuery")
  }
}

extension PostgresError: CustomStringConvertible {
  public var description: String {
    var text = "\(kind): \(message)"
    if let sqlState { text += " [\(sqlState)]" }
    if let constraint { text += " constraint \(constraint)" }
    if let statement { text += " in: \(statement)" }
    return text
  }
}

extension PostgresError {
  /// Reads the fields of a failed result. The result stays the caller's.
  init(result: OpaquePointer, kind: Kind, statement: String?) {
    func field(_ code: Int32) -> String? {
      PQresultErrorField(result, code).map { String(cString: $0) }
    }
    let message = field(FieldCode.message) ?? String(cString: PQresultErrorMessage(result)).trimmed
    self.init(
      kind, message, sqlState: field(FieldCode.sqlState).map(SQLState.init(rawValue:)),
      detail: field(FieldCode.detail), statement: statement)
    constraint = field(FieldCode.constraint)
    table = field(FieldCode.table)
    column = field(FieldCode.column)
    serverFunction = field(FieldCode.function)
  }
}

extension PostgresError {
  static func isFatal(_ result: OpaquePointer) -> Bool {
    guard let severity = PQresultErrorField(result, FieldCode.severity) else { return false }
    return strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0
  }
}

/// `PG_DIAG_…` of `postgres_ext.h`: character macros, which the importer leaves out.
private enum FieldCode {
  /// Not translated, unlike `S`.
  static let severity = Int32(UInt8(ascii: "V"))
  static let sqlState = Int32(UInt8(ascii: "C"))
  static let message = Int32(UInt8(ascii: "M"))
  static let detail = Int32(UInt8(ascii: "D"))
  static let table = Int32(UInt8(ascii: "t"))
  static let column = Int32(UInt8(ascii: "c"))
  static let constraint = Int32(UInt8(ascii: "n"))
  static let function = Int32(UInt8(ascii: "R"))
}

extension String {
  /// Without the line ends libpq puts after a message.
  var trimmed: String {
    var text = self[...]
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
