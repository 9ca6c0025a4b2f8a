import L402
import Units

/// What the journal says happened. Applying records in order gives the book again.
enum EmbeddedRecord: Hashable, Sendable {
  case created(EmbeddedInvoice)
  case settled(PaymentHash, preimage: Preimage, received: Millisatoshi, at: Instant)
  case canceled(PaymentHash, at: Instant)
  case accepted(PaymentHash, received: Millisatoshi, at: Instant)
  /// Settled, because the node itself paid it for somebody.
  case paidOut(PaymentHash, preimage: Preimage, received: Millisatoshi, at: Instant)

  // The first byte of a record. Numbers are never used again.
  private enum Kind: UInt8 {
    case created = 1
    case settled = 2
    case canceled = 3
    case accepted = 4
    case paidOut = 5
  }

  func write(to writer: inout RecordWriter) {
    switch self {
    case .created(let invoice):
      writer.put(Kind.created.rawValue)
      writer.put(invoice.label)
      writer.put(invoice.paymentHash.bytes)
      writer.put(UInt8(invoice.preimage == nil ? 0 : 1))
      if let preimage = invoice.preimage { writer.put(preimage.bytes) }
      writer.put(invoice.bolt11)
      writer.put(invoice.amount.count)
      writer.put(invoice.expiresAt.microseconds)
    case .settled(let hash, let preimage, let received, let at), .paidOut(let hash, let preimage, let received, let at):
      if case .settled = self { writer.put(Kind.settled.rawValue) } else { writer.put(Kind.paidOut.rawValue) }
      writer.put(hash.bytes)
      writer.put(preimage.bytes)
      writer.put(received.count)
      writer.put(at.microseconds)
    case .canceled(let hash, let at):
      writer.put(Kind.canceled.rawValue)
      writer.put(hash.bytes)
      writer.put(at.microseconds)
    case .accepted(let hash, let received, let at):
      writer.put(Kind.accepted.rawValue)
      writer.put(hash.bytes)
      writer.put(received.count)
      writer.put(at.microseconds)
    }
  }

  /// `nil` when the bytes are no record this version knows.
  init?(from reader: inout RecordReader) {
    guard let code = reader.byte(), let kind = Kind(rawValue: code) else { return nil }
    switch kind {
    case .created:
      guard let label = reader.text(), let hash = reader.bytes32(), let flag = reader.byte(), flag < 2 else {
        return nil
      }
      var preimage: Preimage?
      if flag == 1 {
        guard let bytes = reader.bytes32() else { return nil }
        preimage = Preimage(bytes)
      }
      guard let bolt11 = reader.text(), let amount = reader.number(), let expiresAt = reader.number() else {
        return nil
      }
      self = .created(
        EmbeddedInvoice(
          label: label, paymentHash: PaymentHash(hash), preimage: preimage, bolt11: bolt11,
          amount: Millisatoshi(amount), expiresAt: Instant(microseconds: expiresAt)))
    case .settled, .paidOut:
      guard let hash = reader.bytes32(), let preimage = reader.bytes32(), let received = reader.number(),
        let at = reader.number()
      else { return nil }
      let (paid, proof) = (PaymentHash(hash), Preimage(preimage))
      let (amount, moment) = (Millisatoshi(received), Instant(microseconds: at))
      self =
        kind == .settled
        ? .settled(paid, preimage: proof, received: amount, at: moment)
        : .paidOut(paid, preimage: proof, received: amount, at: moment)
    case .canceled:
      guard let hash = reader.bytes32(), let at = reader.number() else { return nil }
      self = .canceled(PaymentHash(hash), at: Instant(microseconds: at))
    case .accepted:
      guard let hash = reader.bytes32(), let received = reader.number(), let at = reader.number() else { return nil }
      self = .accepted(PaymentHash(hash), received: Millisatoshi(received), at: Instant(microseconds: at))
    }
  }
}
