extension Resources {
  /// What capacity is counted in: each has pools of its own.
  public enum Dimension: String, Hashable, Sendable, CaseIterable {
    /// Bytes.
    case disk
    /// Thousandths of a core.
    case cpu
    /// Bytes.
    case memory
    /// Processes.
    case pids
  }

  /// In the unit of the dimension.
  public func need(_ dimension: Dimension) -> Int64 {
    switch dimension {
    case .disk: disk.count
    case .cpu: cpuMillis
    case .memory: memory.count
    case .pids: pids
    }
  }
}
