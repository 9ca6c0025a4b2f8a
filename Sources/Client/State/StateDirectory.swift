import Glibc
import Units
import Wallets
import Wire

/// What the renter's side remembers: credentials, purchases under way, what was spent. A folder of mode 0700 with files
/// of mode 0600, each written whole or not at all, so that several programs may use it at once and any may be killed.
public struct StateDirectory: Sendable {
  public let path: String

  /// Makes the folder where it is missing.
  public init(path: String) throws(ClientError) {
    var path = path
    while path.count > 1, path.last == "/" { path.removeLast() }
    guard path.first == "/" else { throw .state("the state directory '\(path)' is not an absolute path") }
    self.path = path
    try DurableFile.makeFolder(leases)
    try DurableFile.makeFolder(purchases)
  }

  /// `$XDG_STATE_HOME/leasehold`, else `~/.local/state/leasehold`.
  ///
  /// - Parameter environment: the process's.
  public static func standardPath(environment: [String: String]) -> String? {
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/leasehold" }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return home + "/.local/state/leasehold"
  }

  var leases: String { path + "/leases" }
  var purchases: String { path + "/purchases" }
  private var budgetFile: String { path + "/budget.json" }
  private var spendingsFile: String { path + "/spendings.json" }

  /// Whether others could look inside: the permission bits that should not be there, 0 when all is well.
  public func looseBits() throws(ClientError) -> UInt32 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw DurableFile.failure("look at", path, errno) }
    return UInt32(status.st_mode) & 0o077
  }

  // MARK: Budget

  /// ``Wallets/Budget/standard`` until another is set.
  public func budget() throws(ClientError) -> Budget {
    try document(Budget.self, at: budgetFile) ?? .standard
  }

  public func setBudget(_ budget: Budget) throws(ClientError) {
    try DurableFile.write(JSON.encode(budget), to: budgetFile)
  }

  public func spendings() throws(ClientError) -> Spendings {
    try document(Spendings.self, at: spendingsFile) ?? Spendings()
  }

  /// Changes what was spent, alone.
  func changeSpendings(_ change: (inout Spendings) throws(BudgetRefusal) -> Void) throws(ClientError) {
    let lock = try FileLock.take(path + "/.spendings.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    var spendings = try spendings()
    do throws(BudgetRefusal) { try change(&spendings) } catch { throw .overBudget(error) }
    try DurableFile.write(JSON.encode(spendings), to: spendingsFile)
  }

  func document<Document: Decodable>(_ type: Document.Type, at path: String) throws(ClientError) -> Document? {
    guard let bytes = try DurableFile.read(path) else { return nil }
    do throws(JSONFault) {
      return try JSON.decode(type, from: bytes)
    } catch {
      throw .state("\(path) is damaged")
    }
  }
}
