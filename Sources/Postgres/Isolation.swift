/// How much a transaction sees of others that run beside it (PostgreSQL manual, 13.2).
public enum Isolation: Sendable {
  case readCommitted
  case repeatableRead
  case serializable

  func begin(readOnly: Bool) -> String {
    let begin =
      switch self {
      case .readCommitted: "BEGIN ISOLATION LEVEL READ COMMITTED"
      case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
      case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
      }
    return readOnly ? begin + " READ ONLY" : begin
  }
}
