import Engine
import Glibc
import Ledger

extension ComputeDriver {
  public func start(_ lease: LeaseID) async throws(DriverError) {
    try await hold(lease, as: "start") { old async throws(DriverError) in
      var record = old
      guard !record.suspended else {
        throw DriverError(.failed, attempted: "start \(lease)", words: "it is suspended")
      }
      if !record.wanted {
        record.wanted = true
        try await record.write(bundle(lease).record)
      }
      if try runGroup(lease).isPopulated() { return }
      try await launch(
        &record, image: try imageDefaults(record.spec), disk: try await attachedDisk(record.spec))
    }
  }

  public func stop(_ lease: LeaseID) async throws(DriverError) {
    try await hold(lease, as: "stop") { old async throws(DriverError) in
      var record = old
      if record.wanted {
        record.wanted = false
        try await record.write(bundle(lease).record)
      }
      let group = group(lease)
      if !record.suspended, let first = try firstProcess(lease) {
        kill(first, SIGTERM)
        _ = try await Wait.until(options.stopPatience) { () throws(DriverError) in try !group.isPopulated() }
      }
      try await stopProcesses(bundle(lease))
      // Killing thaws.
      if record.suspended { try await group.freeze() }
    }
  }

  /// The container's process 1, as this host numbers it.
  ///
  /// The number is looked up in its control group and used at once; nothing of ours remembers process ids.
  private func firstProcess(_ lease: LeaseID) throws(DriverError) -> pid_t? {
    for process in try runGroup(lease).processes() {
      guard let status = try? HostFile.text("/proc/\(process)/status") else { continue }  // It ended meanwhile.
      let line = status.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
      if let inner = line?.split(whereSeparator: \.isWhitespace).last, inner == "1" { return process }
    }
    return nil
  }

  public func logs(
    of lease: LeaseID, tail: Int?, follow: Bool
  ) async throws(DriverError) -> AsyncThrowingStream<[UInt8], any Error> {
    _ = try made(lease, "read the log of")
    let output = OutputLog(bundle(lease))
    let (first, start) = try await BlockingWork.run { () throws(DriverError) in
      try output.rotate()
      return try output.tail(tail)
    }
    let reader = LogReader(driver: self, lease: lease, output: output, first: first, position: start, follow: follow)
    return AsyncThrowingStream { try await reader.next() }
  }
}

/// One who reads a log. The file is opened for each look and closed again: an open one would hold the container's layer.
private actor LogReader {
  let driver: ComputeDriver
  let lease: LeaseID
  let output: OutputLog
  var first: [UInt8]?
  var position: Int64
  let follow: Bool

  init(
    driver: ComputeDriver, lease: LeaseID, output: OutputLog, first: [UInt8], position: Int64, follow: Bool
  ) {
    self.driver = driver
    self.lease = lease
    self.output = output
    self.first = first
    self.position = position
    self.follow = follow
  }

  /// What is new; `nil` when nothing will come any more.
  func next() async throws -> [UInt8]? {
    if let first {
      self.first = nil
      if !first.isEmpty { return first }
    }
    while follow {
      // Asked before the file is read: what it wrote before it ended is then read too.
      let phase = try driver.status(lease).phase
      let (bytes, end) = try await BlockingWork.run { [output, position] () throws(DriverError) in
        var position = position
        let bytes = try output.since(&position)
        return (bytes, position)
      }
      position = end
      if !bytes.isEmpty { return bytes }
      switch phase {
      case .running, .suspended: try await Task.sleep(for: .milliseconds(100))
      case .absent, .partial, .stopped: return nil
      }
    }
    return nil
  }
}
