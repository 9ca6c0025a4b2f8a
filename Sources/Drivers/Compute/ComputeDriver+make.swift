import Engine
import Glibc
import Leasing
import Ledger

extension ComputeDriver {
  public func provision(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, .act, as: "provision") { () async throws(DriverError) in
      let bundle = bundle(spec.lease)
      let image = try imageDefaults(spec)
      let disk = try await attachedDisk(spec)
      if let record = try ContainerRecord.read(bundle.record), record.stage == .made {
        try await wake(record, as: spec, image: image, disk: disk)
        return
      }
      // What a crash left of an earlier making, or of a destruction that a newer generation overtakes.
      _ = try await clear(bundle)
      try HostFile.makeFolder(bundle.folder, mode: 0o700)
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
    try await fence.exclusively(
      lease, generation, .act, as: "suspend",
      interrupting: { () async throws(DriverError) in try await runtime.groups.endAll(of: lease) }
    ) { () async throws(DriverError) in
      var record = try made(lease, "suspend")
      if !record.suspended {
        // Written first: a door that asks from here on is told so, and a crash leaves the intention.
        record.suspended = true
        try await record.write(bundle(lease).record)
      }
      let group = group(lease)
      if group.exists { try await group.freeze() }
      // Nothing comes either, and is counted.
      try await cables.cut(record)
    }
  }

  public func resume(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, .act, as: "resume") { () async throws(DriverError) in
      let record = try made(spec.lease, "resume")
      try await wake(record, as: spec, image: try imageDefaults(spec), disk: try await attachedDisk(spec))
    }
  }

  public func resize(_ spec: ResourceSpec, generation: Int64) async throws(DriverError) {
    try await fence.exclusively(spec.lease, generation, .act, as: "resize") { () async throws(DriverError) in
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
      try await cables.join(spec, record)
      try await group(spec.lease).thaw()
      record.suspended = false
      try await record.write(bundle(spec.lease).record)
    }
    if record.wanted && !runGroup(spec.lease).exists {
      do throws(DriverError) {
        try await launch(&record, image: image, disk: disk)
      } catch let error where error.kind == .cannotStart || error.kind == .timedOut {
        // The lease is what it was made: its files are there, and its renter can see why nothing runs and start it.
        log.warning("container not started", metadata: ["lease": "\(spec.lease)", "error": "\(error)"])
      }
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
    if spec.resources.memory < before.memory, let used = try group(spec.lease).memoryBytes(),
      used > spec.resources.memory.count
    {
      // The kernel would kill for it, or refuse.
      throw DriverError(
        .noSpace, attempted: "change \(spec.lease)",
        words: "\(used) bytes of memory are used, and it would have \(spec.resources.memory.count)")
    }
    if spec.resources.disk > before.disk { try await WritableLayer(bundle: bundle).grow(to: spec.resources.disk) }
    if spec.resources != before, try runGroup(spec.lease).isPopulated() {
      try await runtime.update(bundle, limits(spec.resources))
    }
    if spec.network != record.spec.network { try await cables.adopt(spec, record) }
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
    let network = try await cables.lay(&record, bundle)
    try OutputLog(bundle).rotate()
    var mounts =
      ContainerConfiguration.systemMounts(spec.resources) + [ContainerConfiguration.box(bundle.box)]
    if let disk {
      let isReadOnly = spec.attached?.isReadOnly ?? false
      let source = try layer.present(disk, to: spec.uidBase, isReadOnly: isReadOnly)
      mounts.append(ContainerConfiguration.disk(source, isReadOnly: isReadOnly))
    }
    if network != nil { mounts.append(try cables.resolvers(bundle)) }
    let configuration = ContainerConfiguration(
      process: process(
        spec, image, arguments: BoxProgram.over(spec.command.isEmpty ? image.command : spec.command)),
      root: ContainerConfiguration.Root(path: bundle.root), hostname: String("\(spec.lease)".suffix(12)),
      mounts: mounts,
      linux: ContainerConfiguration.Linux(
        uidMappings: [.init(hostID: spec.uidBase)], gidMappings: [.init(hostID: spec.uidBase)],
        namespaces: ContainerConfiguration.namespaces(network),
        // The network is the container's own: it may listen where it likes and needs no capability for it.
        sysctl: ["net.ipv4.ip_unprivileged_port_start": "0"],
        cgroupsPath: runGroup(spec.lease).path, resources: limits(spec.resources),
        maskedPaths: ContainerConfiguration.masked(try HostFile.names(in: "/proc"))))
    // Written anew before each start, and read at once: it need not survive a power cut.
    let file = try Descriptor(opening: bundle.configuration, O_WRONLY | O_CREAT | O_TRUNC)
    try HostFile.write(Array(JSONText.of(configuration).utf8), to: file.number, named: bundle.configuration)
    let sees = disk == nil ? nil : spec.attached
    let known = record
    record.sees = sees
    if record.restartPolicy != .never { record.noteStart(at: clock.now()) }
    if record.sees != known.sees || record.restarts != known.restarts { try await record.write(bundle.record) }
    do throws(DriverError) {
      try await runtime.run(bundle)
      try await begin(bundle, attempted: "start \(spec.lease)")
    } catch {
      try await stopProcesses(bundle)
      throw error
    }
    try layer.withdrawDisk()
    log.debug("container started", metadata: ["lease": "\(spec.lease)", "incarnation": "\(record.incarnation)"])
  }

  /// Returns when the command runs.
  ///
  /// - Throws: `.cannotStart` when there is no such command, or it cannot be run; `.timedOut` where that is not found out.
  private func begin(_ bundle: Bundle, attempted: String) async throws(DriverError) {
    var report = BoxProgram.Report([])
    let known = try await Wait.until(options.runtimePatience) { () throws(DriverError) in
      report = BoxProgram.Report(try HostFile.bytes(bundle.exit) ?? [])
      // Killed before it could say anything: it is not asked about any more.
      if report.began || report.failure != nil { return true }
      return try !runGroup(bundle.lease).isPopulated()
    }
    if let code = report.failureCode {
      let why = String(cString: strerror(report.failure ?? 0))
      throw DriverError(.cannotStart, attempted: attempted, words: "exit \(code): \(why)")
    }
    if !known { throw DriverError(.timedOut, attempted: attempted, words: "its command did not begin") }
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
