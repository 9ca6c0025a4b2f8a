import Glibc

extension LogQueue {
  /// From now on, a process that dies of its own fault writes the lines that are still here before it does. Once for a
  /// process.
  public func outliveCrashes() {
    guard Deathbed.queue == nil else { return }
    Deathbed.queue = Unmanaged.passRetained(self)
    for signal in Deathbed.signals {
      var action = sigaction()
      action.__sigaction_handler.sa_sigaction = lastWords
      action.sa_flags = CInt(bitPattern: UInt32(SA_SIGINFO) | UInt32(SA_ONSTACK))
      sigaction(signal, &action, Deathbed.before.advanced(by: Int(signal)))
    }
  }
}

/// What the handler of a signal finds its way by: nothing that is made at first use, and nothing that is locked.
private enum Deathbed {
  static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV]
  // Written once, before any handler is set.
  nonisolated(unsafe) static var queue: Unmanaged<LogQueue>?
  // Written by `sigaction` alone, which sets the handler that reads it.
  nonisolated(unsafe) static let before: UnsafeMutablePointer<sigaction> = {
    let all = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
    all.initialize(repeating: sigaction(), count: 65)
    return all
  }()
}

private func lastWords(_ signal: CInt, _ about: UnsafeMutablePointer<siginfo_t>?, _ context: UnsafeMutableRawPointer?) {
  Deathbed.queue?._withUnsafeGuaranteedRef { $0.writeTheRest() }
  // Whoever was to hear of it before hears of it now.
  sigaction(signal, Deathbed.before.advanced(by: Int(signal)), nil)
  // A fault happens again as soon as we return. What somebody sent does not.
  if (about?.pointee.si_code ?? 0) <= 0 { raise(signal) }
}
