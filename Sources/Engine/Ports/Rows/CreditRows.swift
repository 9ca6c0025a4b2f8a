/// Credit that moved from one lease to another.
public protocol CreditRows: AnyObject {
  /// - Throws: `.conflict` when there is a move of this id.
  func insertMove(_ move: CreditMoveRecord) throws
  func move(_ id: String) throws -> CreditMoveRecord?
}
