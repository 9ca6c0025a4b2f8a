/// A five-character error code of the server (PostgreSQL manual, appendix A).
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
  public let rawValue: String

  public init(rawValue: String) {
    self.rawValue = rawValue
  }

  private init(_ code: String) {
    self.rawValue = code
  }

  public static let serializationFailure = SQLState("40001")
  public static let deadlockDetected = SQLState("40P01")
  public static let uniqueViolation = SQLState("23505")
  public static let foreignKeyViolation = SQLState("23503")
  public static let checkViolation = SQLState("23514")
  public static let notNullViolation = SQLState("23502")
  public static let exclusionViolation = SQLState("23P01")
  public static let lockNotAvailable = SQLState("55P03")
  public static let queryCanceled = SQLState("57014")
  public static let readOnlyTransaction = SQLState("25006")
  public static let inFailedTransaction = SQLState("25P02")
  public static let undefinedTable = SQLState("42P01")
  public static let featureNotSupported = SQLState("0A000")
  public static let undefinedPreparedStatement = SQLState("26000")
  public static let invalidCatalogName = SQLState("3D000")
  public static let duplicateDatabase = SQLState("42P04")

  /// The first two characters: the class of the error.
  public var errorClass: Substring { rawValue.prefix(2) }

  public var description: String { rawValue }
}
