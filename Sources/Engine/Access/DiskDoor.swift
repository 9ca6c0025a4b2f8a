import Ledger

/// The files of disks on this host.
public struct DiskDoor: Sendable {
  /// `nil`: this host serves none.
  let volumes: (any VolumeAccess)?
  let trouble: DriverTrouble

  func volume(of id: LeaseID) async throws -> Volume {
    guard let volumes else {
      throw Refusal.unavailable(retryAfter: 60, "this host serves no disks")
    }
    do throws(DriverError) {
      return try await volumes.volume(of: id)
    } catch {
      throw trouble.refusal(for: error)
    }
  }

  /// `nil`: this host serves no disks.
  public func usage(of id: LeaseID) async throws -> VolumeUsage? {
    do throws(DriverError) {
      return try await volumes?.usage(of: id)
    } catch {
      throw trouble.refusal(for: error)
    }
  }
}
