import Leasing
import Ledger
import Logging

/// What runs in containers on this host, and what it said.
public struct ContainerDoor: Sendable {
  /// `nil`: this host runs none.
  let containers: (any ContainerAccess)?
  let trouble: DriverTrouble
  let log: Logger

  func exec(
    _ id: LeaseID, _ command: ExecCommand, input: ExecInput
  ) async throws -> AsyncThrowingStream<ExecOutput, any Error> {
    do throws(DriverError) {
      return try await open().exec(command, input: input, in: id)
    } catch {
      throw trouble.refusal(for: error)
    }
  }

  func logs(of id: LeaseID, _ part: LogPart, follow: Bool) async throws -> ContainerLog {
    do throws(DriverError) {
      return try await open().logs(of: id, part, follow: follow)
    } catch {
      throw trouble.refusal(for: error)
    }
  }

  /// A connection to one of its ports; see ``Doors/openPort(_:of:_:)`` for whom.
  public func connect(to port: UInt16, of id: LeaseID, as visitor: PortVisitor) async throws -> PortConnection {
    do throws(DriverError) {
      return try await open().connect(to: port, in: id, as: visitor)
    } catch {
      throw trouble.refusal(for: error)
    }
  }

  func start(_ id: LeaseID) async throws {
    do throws(DriverError) { try await open().start(id) } catch { throw trouble.refusal(for: error) }
  }

  func stop(_ id: LeaseID) async throws {
    do throws(DriverError) { try await open().stop(id) } catch { throw trouble.refusal(for: error) }
  }

  /// How the command of a container in service stands, for who looks at the lease; `nil` for disks, for what is not in
  /// service, and where the host does not say.
  public func commandState(of record: LeaseRecord) async -> CommandState? {
    guard let containers, isInService(record) else { return nil }
    do throws(DriverError) {
      return try await containers.commandState(of: record.lease.id)
    } catch {
      log.debug("a container could not be looked at", metadata: ["lease": "\(record.lease.id)", "error": "\(error)"])
      return nil
    }
  }

  /// Whether there is a host's word on how its command stands.
  func isInService(_ record: LeaseRecord) -> Bool {
    guard record.lease.terms.kind == .compute, containers != nil else { return false }
    switch record.lease.state {
    case .active, .grace: return true
    case .quoted, .provisioning, .suspended, .reclaiming, .closed: return false
    }
  }

  /// Containers of this host that ended by themselves run again, where their renters asked for it.
  public func restartEnded() async { await containers?.restartEnded() }

  private func open() throws(DriverError) -> any ContainerAccess {
    guard let containers else {
      throw DriverError(.unavailable, attempted: "opening the door", words: "this host runs no containers")
    }
    return containers
  }
}
