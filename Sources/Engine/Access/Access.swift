import Logging

/// The services of who may do what: keys, revocations, credentials, and the disks in containers.
public struct Access: Sendable {
  public let keys: KeyEpochs
  let revocations: Revocations
  let credentials: Credentials
  let tokens: TokenBook
  let attachments: Attachments
  public let attachmentKeeper: AttachmentKeeper
  let mintLimits: MintLimits

  init(
    store: any Store, clock: any WallClock, alarm: any Alarm, keys: KeyEpochs, doors: DoorCache, catalog: Catalog,
    containers: (any ContainerAccess)?, spared: SparedLeases, retrying: Retrying, settings: Settings, log: Logger
  ) {
    self.keys = keys
    revocations = Revocations(store: store, clock: clock, log: log)
    credentials = Credentials(store: store, clock: clock, keys: keys, revocations: revocations, doors: doors)
    tokens = TokenBook(
      store: store, loansPerCredential: settings.loansPerCredential, subloansPerLease: settings.subloansPerLease)
    attachments = Attachments(store: store, clock: clock, keys: keys, credentials: credentials)
    attachmentKeeper = AttachmentKeeper(
      store: store, clock: clock, alarm: alarm, containers: containers,
      hosts: Set(catalog.hosts.filter { $0.kind == .compute }.map(\.host)), attachments: attachments,
      retrying: retrying, log: log)
    mintLimits = MintLimits(settings, spared: spared, clock: clock)
  }
}
