import Engine
import Glibc
import Ledger

extension ComputeDriver {
  /// The socket is made in the container's network namespace, and so it reaches what listens there, whether the container
  /// has a network or not. Whoever holds it speaks to the loopback of that namespace and to nothing else.
  public func connect(
    to port: UInt16, in lease: LeaseID, as visitor: PortVisitor
  ) async throws(DriverError) -> PortConnection {
    let attempted = "connect to port \(port) of \(lease)"
    guard try !made(lease, attempted).suspended else {
      throw DriverError(.failed, attempted: attempted, words: "the container is suspended")
    }
    let thing: DoorPlaces.Thing = visitor == .holder ? .connection : .visit
    let place = try places.take(thing, of: lease, attempted: attempted)
    let group = runGroup(lease)
    let begun = try await BlockingWork.run(for: .door) { () throws(DriverError) in
      try NetworkNamespace(of: group, attempted: attempted).connect(to: port, attempted: attempted)
    }
    let connection = PortConnection(begun.socket) { number in
      if let number { close(number) }
      place.giveBack()
    }
    guard begun.isPending else { return connection }
    // Whoever listens there takes nobody in for now.
    let wake = await Poller.shared.wait(for: begun.socket, .writable, until: .now + options.connectPatience)
    guard wake == .ready else {
      throw DriverError(.silent, attempted: attempted, words: "the port took no connection in time")
    }
    try NetworkNamespace.check(begun.socket, attempted: attempted)
    return connection
  }
}
