import Leasing
import Ledger
import Units

/// A lease with what was asked for when it was bought.
public struct LeaseRecord: Sendable, Hashable {
  public var lease: Lease
  public var request: LeaseRequest
  public var placement: Placement?

  public init(lease: Lease, request: LeaseRequest, placement: Placement?) {
    self.lease = lease
    self.request = request
    self.placement = placement
  }
}

/// What a renter asks for.
public struct LeaseRequest: Hashable, Sendable, Codable {
  public var offer: String
  public var periods: Int64
  /// An image's name or digest; compute only.
  public var image: String?
  public var command: [String]
  public var environment: [String: String]
  public var ports: [ContainerPort]
  public var sshKey: String?
  /// A disk lease to attach.
  public var disk: LeaseID?
  /// What becomes of the container when its command ends; `nil`: it stays ended.
  public var restart: RestartPolicy?
  /// What it may spend on usage in a day; `nil`: whatever that comes to.
  public var spendPerDay: Millisatoshi?

  public init(
    offer: String, periods: Int64 = 1, image: String? = nil, command: [String] = [],
    environment: [String: String] = [:], ports: [ContainerPort] = [], sshKey: String? = nil, disk: LeaseID? = nil,
    restart: RestartPolicy? = nil, spendPerDay: Millisatoshi? = nil
  ) {
    self.offer = offer
    self.periods = periods
    self.image = image
    self.command = command
    self.environment = environment
    self.ports = ports
    self.sshKey = sshKey
    self.disk = disk
    self.restart = restart
    self.spendPerDay = spendPerDay
  }
}

public struct LeaseQuery: Hashable, Sendable {
  public var states: [Lease.State.Name]
  /// `nil`: of any.
  public var offer: String?
  public var after: LeaseID?
  public var limit: Int

  public init(states: [Lease.State.Name] = [], offer: String? = nil, after: LeaseID? = nil, limit: Int = 100) {
    self.states = states
    self.offer = offer
    self.after = after
    self.limit = limit
  }
}

public struct ParkedLease: Hashable, Sendable {
  public var lease: LeaseID
  public var until: Instant
  public var reason: String
  public init(lease: LeaseID, until: Instant, reason: String) {
    self.lease = lease
    self.until = until
    self.reason = reason
  }
}
