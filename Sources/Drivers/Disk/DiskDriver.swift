import Engine
import Glibc
import Logging

/// Chooses how volumes are made on this host.
public enum DiskDriver {
  public struct Opened: Sendable {
    public var driver: any DiskResourceDriver
    /// Which was chosen and why, in a sentence, for the log and for `doctor`.
    public var reason: String
  }

  /// Opens the driver that the configuration names, or else btrfs where it holds what it promises, or else images.
  ///
  /// Volumes of one method are not found by the other. So `automatic` keeps to a btrfs pool that exists, and to images
  /// while there are volumes in them, and fails rather than hide what renters have paid for.
  public static func open(
    _ configuration: DiskConfiguration, clock: any WallClock, logger: Logger
  ) async throws(DriverError) -> Opened {
    let opened = try await choose(configuration, clock: clock)
    logger.debug("disk driver opened", metadata: ["driver": "\(opened.driver.name)", "reason": "\(opened.reason)"])
    return opened
  }

  private static func choose(
    _ configuration: DiskConfiguration, clock: any WallClock
  ) async throws(DriverError) -> Opened {
    switch configuration.method {
    case .btrfs:
      return Opened(driver: try await btrfs(configuration, clock), reason: "btrfs: the configuration asks for it")
    case .ext4:
      return Opened(driver: try await images(configuration, clock), reason: "ext4: the configuration asks for it")
    case .automatic:
      break
    }
    let state = configuration.stateDirectory
    if configuration.pool != nil {
      return Opened(driver: try await btrfs(configuration, clock), reason: "btrfs: the configuration names a pool")
    }
    if HostFile.exists(state + "/disk.btrfs") {
      return Opened(driver: try await btrfs(configuration, clock), reason: "btrfs: its pool is in \(state)")
    }
    if try !HostFile.names(in: state + "/disk-images/leases").isEmpty {
      return Opened(driver: try await images(configuration, clock), reason: "ext4: its volumes are in \(state)")
    }
    do throws(DriverError) {
      return Opened(driver: try await btrfs(configuration, clock), reason: "btrfs: quotas hold here")
    } catch {
      // It was made just now and holds nothing: left there, it would be kept to at the next start.
      try HostFile.removeFile(state + "/disk.btrfs")
      return Opened(
        driver: try await images(configuration, clock), reason: "ext4: btrfs does not serve here (\(error))")
    }
  }

  private static func btrfs(
    _ configuration: DiskConfiguration, _ clock: any WallClock
  ) async throws(DriverError) -> BtrfsDiskDriver {
    let driver = try await BtrfsDiskDriver.open(configuration, clock: clock)
    do throws(DriverError) {
      try await prove(HostKernel.Interface.ofDisks, in: driver.pool.root)
      try await driver.probe()
      return driver
    } catch {
      try await driver.close()
      throw error
    }
  }

  private static func prove(_ interfaces: [HostKernel.Interface], in folder: String) async throws(DriverError) {
    let shortages = await HostKernel.shortages(interfaces, in: folder)
    guard shortages.isEmpty else {
      throw DriverError(.unavailable, attempted: "prove what disks stand on", words: shortages.joined(separator: "; "))
    }
  }

  private static func images(
    _ configuration: DiskConfiguration, _ clock: any WallClock
  ) async throws(DriverError) -> ImageDiskDriver {
    let driver = try await ImageDiskDriver.open(configuration, clock: clock)
    do throws(DriverError) {
      try await prove(HostKernel.Interface.ofDisksInFiles, in: configuration.stateDirectory)
      try await driver.probe()
      return driver
    } catch {
      try await driver.close()
      throw error
    }
  }
}
