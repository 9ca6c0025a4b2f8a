import L402
import Units
import Wire

/// A credential as `token show --json` puts it out.
struct TokenDocument: Codable {
  struct Caveat: Codable, Hashable {
    var caveat: String
    /// `minted`, `holder`, `third-party`, `preimage`, `unknown`.
    var by: String
    var condition: String?
    var value: String?
    var location: String?
    var meaning: String
  }

  var lease: String?
  var token: String
  var paymentHash: String
  /// Why no server takes it, whoever signed it.
  var refused: String?
  var expired: Bool
  var validUntil: Timestamp?
  var tier: Int?
  var variant: String?
  var capabilities: [String]?
  var path: String?
  var methods: [String]?
  var sources: [String]?
  var maxMsat: Int64?
  var ports: [UInt16]?
  var caveats: [Caveat]
  var discharges: Int
  /// Third parties whose word is missing.
  var awaited: [String]
  var hasPreimage: Bool
  var preimage: String?
  var authorization: String?

  enum CodingKeys: String, CodingKey {
    case lease, token
    case paymentHash = "payment_hash"
    case refused, expired
    case validUntil = "valid_until"
    case tier, variant, capabilities, path, methods, sources
    case maxMsat = "max_msat"
    case ports
    case caveats, discharges, awaited
    case hasPreimage = "has_preimage"
    case preimage, authorization
  }

  init(_ shown: PresentedCredential, reveals: Bool, at now: Instant) {
    let outline = shown.outline
    token = outline.token.description
    paymentHash = outline.paymentHash.hex
    caveats = outline.caveats.map { Caveat($0, now: now) }
    discharges = outline.discharges.count
    awaited = outline.awaited.map { TokenView.name($0.identifier) }
    hasPreimage = shown.preimage != nil
    preimage = reveals ? shown.preimage?.hex : nil
    authorization = reveals ? shown.authorization : nil
    expired = false
    switch outline.claims {
    case .failure(let refusal): refused = refusal.reason
    case .success(let claims):
      lease = claims.lease
      validUntil = Timestamp(Instant(unixSeconds: claims.validUntil))
      expired = now.unixSeconds >= claims.validUntil
      tier = claims.tier
      variant = claims.variant
      capabilities = claims.capabilities.list.split(separator: ",").map(String.init(_:))
      path = claims.path?.description
      methods = claims.methods
      sources = claims.sources?.map(\.description)
      maxMsat = claims.maxMsat
      ports = claims.ports
    }
  }
}

extension TokenDocument.Caveat {
  init(_ outline: CaveatOutline, now: Instant) {
    caveat = outline.text
    value = outline.value
    location = outline.location
    meaning = TokenView.meaning(outline, now: now)
    switch outline.kind {
    case .minted(let condition): (by, self.condition) = ("minted", condition.rawValue)
    case .narrowing(let condition): (by, self.condition) = ("holder", condition.rawValue)
    case .thirdParty: by = "third-party"
    case .preimage: by = "preimage"
    case .unknown: by = "unknown"
    }
  }
}

/// A credential for people. Never its secret, unless asked.
enum TokenView {
  static func text(_ shown: PresentedCredential, reveals: Bool, now: Instant) -> String {
    let document = TokenDocument(shown, reveals: reveals, at: now)
    var table = Table("CAVEAT", "BY", "MEANING")
    for caveat in document.caveats { table.add([caveat.caveat, caveat.by, caveat.meaning]) }
    var text = facts(document, now: now) + "\n" + table.text
    for (number, discharge) in shown.outline.discharges.enumerated() {
      var table = Table("DISCHARGE \(number + 1)", "MEANING")
      for caveat in discharge { table.add([caveat.text, meaning(caveat, now: now)]) }
      if table.isEmpty { table.add(["-", "asks for nothing more"]) }
      text += "\n" + table.text
    }
    return text
  }

  private static func facts(_ document: TokenDocument, now: Instant) -> String {
    Table.facts([
      ("lease", document.lease), ("token", document.token), ("payment hash", document.paymentHash),
      ("no good", document.refused.map { "every server refuses it: \($0)" }),
      ("tier", document.tier.map { "\($0)" }), ("variant", document.variant),
      ("allows", document.capabilities.map { $0.isEmpty ? "nothing" : $0.joined(separator: ", ") }),
      ("beneath", document.path), ("by", document.methods?.joined(separator: ", ")),
      ("from", document.sources?.joined(separator: ", ")),
      ("ports", document.ports.map { $0.map { "\($0)" }.joined(separator: ", ") }),
      ("pays at most", document.maxMsat.map { Human.sats($0) + " for one invoice" }),
      (document.expired ? "expired" : "until", document.validUntil.map { Human.moment($0, now) }),
      ("vouched for", document.discharges > 0 ? "by \(document.discharges)" : nil),
      ("waits for", document.awaited.isEmpty ? nil : document.awaited.joined(separator: ", ")),
      (
        "preimage",
        document.preimage ?? (document.hasPreimage ? "here (--reveal shows it)" : "missing: not paid, or kept back")
      ),
      ("authorization", document.authorization),
    ])
  }

  static func meaning(_ caveat: CaveatOutline, now: Instant) -> String {
    switch caveat.kind {
    case .minted(let condition), .narrowing(let condition): meaning(condition, caveat.value ?? "", now)
    case .thirdParty:
      "good only with the word of " + (caveat.location.flatMap { $0.isEmpty ? nil : $0 } ?? "a third party")
    case .preimage: "a preimage kept here: takes nothing away"
    case .unknown: "not known: every server of leasehold refuses it"
    }
  }

  private static func meaning(_ condition: Condition, _ value: String, _ now: Instant) -> String {
    switch condition {
    case .services: "tier " + (value.split(separator: ":").last.map(String.init(_:)) ?? value)
    case .capabilities: value.isEmpty ? "may do nothing" : "may " + value.replacing(",", with: ", ")
    case .lease: "this lease only"
    case .validUntil:
      Int64(value).map { "until " + Human.moment(Timestamp(Instant(unixSeconds: $0)), now) } ?? "until a time unknown"
    case .variant: "sold as variant \(value)"
    case .path: "only \(value) and what is beneath it"
    case .method: "only \(value.replacing(",", with: ", ")) requests"
    case .source: "only from \(value.replacing(",", with: ", "))"
    case .port: "only port \(value.replacing(",", with: ", ")) of the container"
    case .maxMsat: "pays at most \(Int64(value).map { Human.sats($0) } ?? value) for one invoice"
    }
  }

  /// What tells a third party what to check, as text.
  static func name(_ identifier: [UInt8]) -> String {
    String(validating: identifier, as: UTF8.self) ?? "0x"
      + identifier.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
      }.joined()
  }
}
