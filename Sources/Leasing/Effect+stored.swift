/// As the outbox has it: an object with one member, named after the act; lanes are no part of it.
extension Effect: Codable {
  private enum StoredName: String, CodingKey {
    case provision, suspend, resume, resize, closeMeters, destroy
    case cancelInvoices, cancelQuote, settle
    case payout, pull, notice
  }
  private enum Member: String, CodingKey {
    case generation, paymentHash
    case notice = "_0"
  }

  public init(from decoder: any Decoder) throws {
    let stored = try decoder.container(keyedBy: StoredName.self)
    guard let name = stored.allKeys.first, stored.allKeys.count == 1 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "an effect has one name"))
    }
    let members = try stored.nestedContainer(keyedBy: Member.self, forKey: name)
    func act(_ act: ResourceAct) throws -> Effect {
      .resource(act, generation: try members.decode(Int64.self, forKey: .generation))
    }
    func hash() throws -> String { try members.decode(String.self, forKey: .paymentHash) }
    switch name {
    case .provision: self = try act(.provision)
    case .suspend: self = try act(.suspend)
    case .resume: self = try act(.resume)
    case .resize: self = try act(.resize)
    case .closeMeters: self = try act(.closeMeters)
    case .destroy: self = try act(.destroy)
    case .cancelInvoices: self = .cancelInvoices
    case .cancelQuote: self = .cancelQuote
    case .settle: self = .settle(paymentHash: try hash())
    case .payout: self = .payout(paymentHash: try hash())
    case .pull: self = .pull
    case .notice: self = .notice(try members.decode(Notice.self, forKey: .notice))
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var stored = encoder.container(keyedBy: StoredName.self)
    var members = stored.nestedContainer(keyedBy: Member.self, forKey: storedName)
    switch self {
    case .resource(_, let generation): try members.encode(generation, forKey: .generation)
    case .invoice(.cancelInvoices), .invoice(.cancelQuote), .pull: break
    case .invoice(.settle(let hash)), .payout(let hash): try members.encode(hash, forKey: .paymentHash)
    case .notice(let notice): try members.encode(notice, forKey: .notice)
    }
  }

  private var storedName: StoredName {
    switch self {
    case .resource(.provision, _): .provision
    case .resource(.suspend, _): .suspend
    case .resource(.resume, _): .resume
    case .resource(.resize, _): .resize
    case .resource(.closeMeters, _): .closeMeters
    case .resource(.destroy, _): .destroy
    case .invoice(.cancelInvoices): .cancelInvoices
    case .invoice(.cancelQuote): .cancelQuote
    case .invoice(.settle): .settle
    case .payout: .payout
    case .pull: .pull
    case .notice: .notice
    }
  }
}
