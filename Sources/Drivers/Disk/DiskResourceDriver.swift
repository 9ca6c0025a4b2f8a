import Engine

/// A driver of disk leases: what makes volumes also says where their files lie.
public protocol DiskResourceDriver: ResourceDriver, VolumeAccess {
  /// Unmounts what the driver mounted; the volumes stay on disk, and opening it again finds them.
  ///
  /// - Throws: `.failed` when something still uses a volume; what could be unmounted then is.
  func close() async throws(DriverError)
}
