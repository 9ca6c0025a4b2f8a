import Engine
import Glibc
import Leasing
import Ledger

extension ComputeDriver {
  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.hold(spec.lease, generation, .act, as: "provision") { () async throws(DriverError) in
      let bundle = bundle(spec.lease)
      let image = try imageDefaults(spec)
      let disk = try await attachedDisk(spec)
      if let record = try ContainerRecord.read(bundle.record), record.stage == .made {
        try await wake(record, as: spec, image: image, disk: disk)
        return
      }
      // What a crash left of an earlier making, or of a destruction that a newer generation overtakes.
      _ = try await clear(bundle)
      try HostFile.makeFolder(bundle.folder, mode: 0o711)
      // A group of an earlier life went with the clearing: the first start makes the first incarnation.
      var record = ContainerRecord(
        spec: spec, stage: .making, incarnation: 0, wanted: true, suspended: false)
      try record.note(bundle.record)
      try await WritableLayer(bundle: bundle).make(disk: spec.resources.disk)
      // With its layer it is whole; that it does not run yet is what the next order would see to.
      record.stage = .made
      try await launch(&record, image: image, disk: disk)
    }
  }

  public func suspend(_ lease: LeaseID, generation: Int64) async throws(DriverError) {
    try await fence.hold(lease, generation, .act, as: "suspend") { () async throws(DriverError) in
      var record = try made(lease, "suspend")
      if !record.suspended {
        // Written first: a door that asks from here on is told so, and a crash leaves the intention.
        record.suspended = true
        try await record.write(bundle(lease).record)
      }
      let group = group(lease)
      if group.exists { try await group.freeze() }
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.hold(spec.lease, generation, .act, as: "resume") { () async throws(DriverError) in
      let record = try made(spec.lease, "resume")
      try await wake(record, as: spec, image: try imageDefaults(spec), disk: try await attachedDisk(spec))
    }
  }

  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.hold(spec.lease, generation, .act, as: "resize") { () async throws(DriverError) in
      var record = try made(spec.lease, "resize")
      try await adopt(spec, &record)
    }
  }

  /// Brings what was made to its specification, thawed, and running unless the renter stopped it or it ended by itself.
  private func wake(
    _ old: ContainerRecord, as spec: ResourceSpec, image: ImageDefaults, disk: Volume?
  ) async throws(DriverError) {
    var record = old
    try await adopt(spec, &record)
    if record.suspended {
      try await group(spec.lease).thaw()
      record.suspended = false
      try await record.write(bundle(spec.lease).record)
    }
    if record.wanted && !runGroup(spec.lease).exists {
      try await launch(&record, image: image, disk: disk)
    }
  }

  /// Takes over the settings of `spec`. A command, an environment or a disk that has changed counts from the next start.
  private func adopt(_ spec: ResourceSpec, _ record: inout ContainerRecord) async throws(DriverError) {
    guard record.spec != spec else { return }
    let bundle = bundle(spec.lease)
    let before = record.spec.resources
    guard spec.uidBase == record.spec.uidBase else {
      throw DriverError(
        .failed, attempted: "change \(spec.lease)", words: "its files belong to uid \(record.spec.uidBase)")
    }
    if spec.resources.disk > before.disk { try await WritableLayer(bundle: bundle).grow(to: spec.resources.disk) }
    if spec.resources != before, try runGroup(spec.lease).isPopulated() {
      try await runtime.update(bundle, limits(spec.resources))
    }
    record.spec = spec
    try await record.write(bundle.record)
  }

  func limits(_ resources: Resources) -> ContainerConfiguration.Limits {
    ContainerConfiguration.Limits(
      resources,
      countsSwap: mode.version == .unified
        || HostFile.exists((mode.controllers["memory"] ?? "") + "/memory.memsw.limit_in_bytes"))
  }

  func imageDefaults(_ spec: ResourceSpec) throws(DriverError) -> ImageDefaults {
    guard let image = spec.image else {
      throw DriverError(.unavailable, attempted: "make container \(spec.lease)", words: "no image is named")
    }
    return try ImageDefaults(image)
  }

  func attachedDisk(_ spec: ResourceSpec) async throws(DriverError) -> Volume? {
    guard let disk = spec.disk else { return nil }
    let attempted = "attach disk \(disk) to \(spec.lease)"
    guard let volumes else {
      throw DriverError(.unavailable, attempted: attempted, words: "this host has no disks")
    }
    do throws(DriverError) {
      return try await volumes.volume(of: disk)
    } catch {
      throw error.kind == .absent ? DriverError(.unavailable, attempted: attempted, words: error.words) : error
    }
  }

  /// Starts the container's command. What ran in it before has ended.
  func launch(_ record: inout ContainerRecord, image: ImageDefaults, disk: Volume?) async throws(DriverError) {
    let spec = record.spec
    let bundle = bundle(spec.lease)
    let group = group(spec.lease)
    let layer = WritableLayer(bundle: bundle)
    try await runtime.forget(bundle)
    if record.stage == .made { try await layer.growIfBehind() }
    try await layer.mount(imageRoot: image.root, uidBase: spec.uidBase)
    if !group.exists {
      // Written before the counters begin anew: they never go back within an incarnation.
      record.incarnation += 1
      try await record.write(bundle.record)
      try group.make()
    }
    try OutputLog(bundle).rotate()
    var mounts = ContainerConfiguration.systemMounts
    if let disk { mounts.append(ContainerConfiguration.disk(try layer.present(disk, to: spec.uidBase))) }
    let configuration = ContainerConfiguration(
      process: process(spec, image, arguments: spec.command.isEmpty ? image.command : spec.command),
      root: ContainerConfiguration.Root(path: bundle.root), hostname: String("\(spec.lease)".suffix(12)),
      mounts: mounts,
      linux: ContainerConfiguration.Linux(
        uidMappings: [.init(hostID: spec.uidBase)], gidMappings: [.init(hostID: spec.uidBase)],
        // The network is the container's own: it may listen where it likes and needs no capability for it.
        sysctl: ["net.ipv4.ip_unprivileged_port_start": "0"],
        cgroupsPath: runGroup(spec.lease).path, resources: limits(spec.resources)))
    // Written anew before each start, and read at once: it need not survive a power cut.
    let file = try Descriptor(opening: bundle.configuration, O_WRONLY | O_CREAT | O_TRUNC)
    try HostFile.write(Array(JSONText.of(configuration).utf8), to: file.number, named: bundle.configuration)
    do throws(DriverError) {
      try await runtime.run(bundle)
    } catch {
      try await stopProcesses(bundle)
      throw error
    }
    try layer.withdrawDisk()
    log.debug("container started", metadata: ["lease": "\(spec.lease)", "incarnation": "\(record.incarnation)"])
  }

  func process(
    _ spec: ResourceSpec, _ image: ImageDefaults, arguments: [String], environment: [String: String] = [:]
  ) -> ContainerConfiguration.Process {
    let variables = image.environment.merging(spec.environment) { $1 }.merging(environment) { $1 }
    // Hard limits can only be lowered without CAP_SYS_RESOURCE.
    var files = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files)
    let hard = min(UInt64(files.rlim_max), 65_536)
    return ContainerConfiguration.Process(
      args: arguments, env: variables.map { "\($0)=\($1)" }.sorted(), cwd: image.workingDirectory,
      rlimits: [
        .init(type: "RLIMIT_NOFILE", hard: hard, soft: min(hard, 4_096)),
        .init(type: "RLIMIT_CORE", hard: 0, soft: 0),
      ])
  }

  /// Ends everything in the container, however it stands, and the runtime's memory of it.
  func stopProcesses(_ bundle: Bundle) async throws(DriverError) {
    try await group(bundle.lease).killAll()
    try await runtime.forget(bundle)
  }
}
