import Synchronization

/// What a test wants to happen to a statement instead of its being sent.
public enum Fault: Sendable {
  /// The statement fails with this error; nothing is sent.
  case fail(PostgresError)
  /// The connection is cut before the statement is sent.
  case disconnectBefore
  /// The statement is sent and the connection cut before the answer is read: whether it took effect, nobody knows.
  case disconnectAfter
}

/// The place where crash tests reach in: a closure asked before each statement of the whole process is sent.
///
/// It may answer with a ``Fault``, or not answer at all and kill the process: crash after the first statement, the
/// second, the third … until a run has none. Costs one relaxed load when there is none.
public enum FaultInjection {
  public typealias Hook = @Sendable (_ statement: String) -> Fault?

  private static let armed = Atomic<Bool>(false)
  private static let hook = Mutex<Hook?>(nil)

  /// Replaces the hook for every connection of the process; nil takes it away.
  public static func install(_ hook: Hook?) {
    self.hook.withLock { $0 = hook }
    armed.store(hook != nil, ordering: .releasing)
  }

  static func consult(_ statement: String) -> Fault? {
    guard armed.load(ordering: .acquiring) else { return nil }
    return hook.withLock { $0 }?(statement)
  }
}
