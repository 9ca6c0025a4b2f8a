import Units

/// Why something that was paid for could not be made: the code that its event, its documents and `doctor` have.
public enum ProvisionFault: String, Hashable, Sendable, CaseIterable {
  /// The container's command or image.
  case cannotStart = "container-cannot-start"
  case noRoom = "no-room"
  /// An image or a disk.
  case notHere = "not-on-this-host"
  /// The time it may take was over.
  case late = "not-made-in-time"
  case failed = "not-made"

  init(_ kind: DriverError.Kind) {
    switch kind {
    case .cannotStart: self = .cannotStart
    case .noSpace: self = .noRoom
    case .unavailable: self = .notHere
    case .timedOut: self = .late
    case .fenced, .absent, .stopped, .tooMany, .busy, .refused, .silent, .failed: self = .failed
    }
  }

  /// For people.
  public var words: String {
    switch self {
    case .cannotStart: "the container's command or image cannot start"
    case .noRoom: "the host has no room for it"
    case .notHere: "its image or disk is not on the host"
    case .late: "it was not made in time"
    case .failed: "the host failed to make it"
    }
  }
}

/// Why a purchase came to nothing, as its event says.
public struct ProvisionFailure: Hashable, Sendable {
  public var fault: ProvisionFault
  /// What its renter can do something about: what a command ended with.
  public var detail: String?

  public init(_ fault: ProvisionFault, detail: String? = nil) {
    self.fault = fault
    self.detail = detail
  }

  init(_ error: DriverError) {
    fault = ProvisionFault(error.kind)
    // Of the others the words are the host's own, with its paths.
    detail = fault == .cannotStart ? error.words : nil
  }

  /// What its event bears besides the reason.
  var evidence: [String: String] {
    ["code": fault.rawValue].merging(detail.map { ["detail": $0] } ?? [:]) { $1 }
  }

  /// - Returns: `nil` for an event that is none.
  init?(_ event: EventRecord) {
    guard event.from == .provisioning, event.to == .reclaiming else { return nil }
    if event.name == .event(.provisionFailed) {
      self.init(
        event.evidence["code"].flatMap(ProvisionFault.init(rawValue:)) ?? .failed, detail: event.evidence["detail"])
    } else if event.name == .event(.woke) {
      self.init(.late)
    } else {
      return nil
    }
  }
}

/// Purchases of one offer that failed for one reason.
public struct ProvisionFailures: Hashable, Sendable {
  public var offer: String
  public var fault: ProvisionFault
  public var count: Int
  public var lastAt: Instant
  public var lastDetail: String?

  public init(offer: String, fault: ProvisionFault, count: Int, lastAt: Instant, lastDetail: String?) {
    self.offer = offer
    self.fault = fault
    self.count = count
    self.lastAt = lastAt
    self.lastDetail = lastDetail
  }
}
