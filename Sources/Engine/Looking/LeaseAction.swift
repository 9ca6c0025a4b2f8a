import L402

/// Everything somebody may want of a lease, and what the credential must allow for it: the one table of it. Doors say
/// which action a route is; the use cases ask for what stands here.
public enum LeaseAction: String, CaseIterable, Hashable, Sendable {
  // Looking. Never costs money: a genuine credential that has run out serves.
  case look, usage, ledger, explain, events
  // Money and the lease itself.
  /// Strangers may too: without a credential the challenge allows nothing but paying.
  case renew
  case change, release, refund, limit
  // Credentials. What a holder may do offline needs no capability; ending others' does.
  case introspect, swap, lend
  case listCredentials, revoke, rotate
  /// What comes by an address is paid for there, by whoever comes.
  case makeAddress, listAddresses, revokeAddress
  /// Where the renter is told what will happen.
  case listContacts, setContacts
  /// Which wallet is asked for renewals.
  case setWallet, showWallet, endWallet
  // The container.
  case exec, logs, start, stop
  /// Speaking to its ports.
  case connect
  // Files. What is copied or moved can be read where it arrives.
  case readFile, writeFile, carryFile
  /// Mounting a disk into a container, which then reaches all of it: to write as well if the credential may.
  case attachDisk
  /// Seeing and ending where disks are mounted, from either side.
  case listAttachments, endAttachments

  public var needs: Capabilities {
    switch self {
    case .look, .usage, .ledger, .explain, .events, .logs, .readFile, .attachDisk: .read
    case .renew: .pay
    case .change, .limit, .setWallet: [.control, .pay]
    case .release, .listCredentials, .revoke, .rotate, .makeAddress, .listAddresses, .revokeAddress, .listContacts,
      .setContacts, .listAttachments,
      .endAttachments, .showWallet, .endWallet:
      .control
    case .refund: .refund
    case .introspect, .swap, .lend: []
    case .exec, .start, .stop, .connect: .exec
    case .writeFile: .write
    case .carryFile: [.read, .write]
    }
  }
}
