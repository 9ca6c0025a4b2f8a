import Macaroons

extension MasterKeyring {
  /// The preimage of an invoice whose payment is held: ours to know, and told to the node only to take the payment.
  ///
  /// It is derived and kept nowhere. A daemon that dies between reserving an invoice and asking the node asks again
  /// with the same hash; a database that is read by somebody else gives no payment away that is still on its way. Whoever
  /// has the master key could mint credentials anyway, so that nothing more hangs on it than before.
  ///
  /// HKDF-SHA256(ikm: the epoch's master key, salt: empty, info: `leasehold-hold-v1` ‖ label), 32 bytes (RFC 5869). Root
  /// keys have another info, so that neither tells anything of the other.
  ///
  /// - Parameters:
  ///   - label: the invoice's; unique for ever, so that no preimage serves twice.
  ///   - epoch: the epoch it was made in; kept with the invoice.
  /// - Returns: `nil` when the epoch has been retired: its credentials open nothing any more, so that nothing is to be
  ///   taken for them.
  public func holdPreimage(for label: String, epoch: UInt16) -> Preimage? {
    guard let key = served(epoch) else { return nil }
    var label = label
    return Preimage(
      label.withUTF8 { MasterKeyring.expand(key, "leasehold-hold-v1", UnsafeRawBufferPointer($0)) })
  }
}
