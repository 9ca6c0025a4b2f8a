import Engine
import Ledger

extension ComputeDriver {
  public func logs(
    of lease: LeaseID, _ part: LogPart, follow: Bool
  ) async throws(DriverError) -> ContainerLog {
    let attempted = "read the log of \(lease)"
    _ = try made(lease, attempted)
    let place = try places.take(.log, of: lease, attempted: attempted)
    let output = OutputLog(bundle(lease))
    let (first, start) = try await BlockingWork.run(for: .door) { () throws(DriverError) in
      // Read first: what is written faster than it is copied is lost in a rotation.
      let found =
        switch part {
        case .tail(let lines): try output.tail(lines)
        case .from(let position): try output.read(from: position)
        }
      try output.rotate()
      return found
    }
    // From a position on all that is kept is told, in pieces.
    let isWhole = if case .tail = part { true } else { false }
    let reader = LogReader(
      driver: self, lease: lease, output: output, first: first, position: start + Int64(first.count), follow: follow,
      isWhole: isWhole, place: place)
    return ContainerLog(position: start, output: AsyncThrowingStream { try await reader.next() })
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
  /// What is there by now was told.
  var isWhole: Bool
  let place: DoorPlaces.Place
  /// Between two looks, however fast is written.
  static let pause = Duration.milliseconds(100)
  /// What ends without a word in its log is noticed within this.
  static let longest = Duration.seconds(2)

  init(
    driver: ComputeDriver, lease: LeaseID, output: OutputLog, first: [UInt8], position: Int64, follow: Bool,
    isWhole: Bool, place: DoorPlaces.Place
  ) {
    self.driver = driver
    self.lease = lease
    self.output = output
    self.first = first
    self.position = position
    self.follow = follow
    self.isWhole = isWhole
    self.place = place
  }

  /// What is new; `nil` when nothing will come any more, or what would come next is kept no longer: its positions have no
  /// gap.
  func next() async throws -> [UInt8]? {
    if let first {
      self.first = nil
      if !first.isEmpty { return first }
    }
    while follow || !isWhole {
      // Asked for before the file is read: what is written meanwhile is told of, and what it wrote before it ended is read.
      let news = follow ? FileWatch.shared.news(of: [output.bundle.output, output.bundle.exit]) : nil
      let phase = try driver.status(lease).phase
      guard let bytes = try await readOn() else { break }
      if !bytes.isEmpty { return bytes }
      isWhole = true
      guard let news, try phase == .running || phase == .suspended || driver.isToStartAgain(lease) else { break }
      await Poller.shared.sleep(until: .now + Self.pause)
      await news.wait(until: .now + Self.longest)
      try Task.checkCancellation()
    }
    place.giveBack()
    return nil
  }

  /// - Returns: `nil` where what comes next is kept no longer.
  private func readOn() async throws -> [UInt8]? {
    let output = output
    let before = position
    do {
      let (bytes, start) = try await BlockingWork.run(for: .door) { () throws(DriverError) in
        try output.read(from: before)
      }
      guard start == before else { return nil }
      position = start + Int64(bytes.count)
      return bytes
    } catch {
      // It comes with the next look.
      guard follow, error.kind == .busy else { throw error }
      return []
    }
  }
}
