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
    while path.utf8.count > 1, path.utf8.last == UInt8(ascii: "/") { path.unicodeScalars.removeLast() }
    guard path.utf8.first == UInt8(ascii: "/") else {
      throw .state("the state directory '\(path)' is not an absolute path")
    }
    self.path = path
    try DurableFile.makeFolder(leases)
    try DurableFile.makeFolder(purchases)
    try DurableFile.makeFolder(wishes)
    try DurableFile.makeFolder(turns)
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
  var wishes: String { path + "/wishes" }
  private var turns: String { path + "/turns" }
  private var budgetFile: String { path + "/budget.json" }
  private var spendingsFile: String { path + "/spendings.json" }

  /// Whether others could look inside: the permission bits that should not be there, 0 when all is well.
  public func looseBits() throws(ClientError) -> UInt32 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw DurableFile.failure("look at", path, errno) }
    return UInt32(status.st_mode) & 0o077
  }

  // MARK: Budget

  /// What was set here, and else what `configured` says; `Budget.standard` fills the bounds that neither
  /// speaks of. Of two that are set, the stricter holds.
  public func budget(_ configured: Budget = Budget()) throws(ClientError) -> Budget {
    if let set = try document(Budget.self, at: budgetFile) { return set.and(configured) }
    return Budget(
      perPayment: configured.perPayment ?? Budget.standard.perPayment,
      perDay: configured.perDay ?? Budget.standard.perDay)
  }

  public func setBudget(_ budget: Budget) throws(ClientError) {
    try DurableFile.write(JSON.encode(budget), to: budgetFile)
  }

  public func spendings() throws(ClientError) -> Spendings {
    try document(Spendings.self, at: spendingsFile) ?? Spendings()
  }

  /// Changes what was spent, alone.
  func changeSpendings<Result>(
    _ change: (inout Spendings) throws(BudgetRefusal) -> Result
  ) throws(ClientError) -> Result {
    let lock = try FileLock.take(path + "/.spendings.lock", wait: true)
    defer { withExtendedLifetime(lock) {} }
    var spendings = try spendings()
    let before = spendings
    let result: Result
    do throws(BudgetRefusal) { result = try change(&spendings) } catch { throw .overBudget(error) }
    if spendings != before { try DurableFile.write(JSON.encode(spendings), to: spendingsFile) }
    return result
  }

  /// The right to act on something, among all processes that share this state; waited for. Held for as long as the
  /// value lives; the kernel takes it back from the dead.
  ///
  /// - Parameter name: a payment hash, or a lease's id.
  func turn(of kind: TurnKind, _ name: String) async throws(ClientError) -> FileLock {
    // A fixed number of files, for they are never removed: a lock on a name that is gone would hold nobody back. Two
    // names that share a file wait for each other, which costs time only.
    let slot = name.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 } % 4_096
    while true {
      if let lock = try FileLock.take("\(turns)/\(kind.rawValue)-\(slot).lock", wait: false) { return lock }
      do { try await Task.sleep(for: .milliseconds(50)) } catch { throw .unreachable("interrupted") }
    }
  }

  /// What turns are taken at. Whoever holds one of a lease may wait for one of a payment, never the other way round.
  enum TurnKind: String {
    case lease
    case payment
    /// To exchange a lease's credential. Nothing else is waited for meanwhile.
    case credential
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
