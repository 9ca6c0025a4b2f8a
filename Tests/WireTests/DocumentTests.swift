import Testing
import Units
import Wire

@Suite struct DocumentTests {
  private func comesBack<T: Codable & Equatable>(_ document: T) throws {
    #expect(try JSON.decode(T.self, from: JSON.encode(document), unknownFields: .refused) == document)
  }

  @Test func leases() throws {
    let lease = LeaseDocument(
      id: "0", kind: "disk", offer: "disk-small", state: "active",
      flags: LeaseFlags(frozen: false, protected: true, impaired: false), version: 3, generation: 1,
      createdAt: Timestamp(Instant(microseconds: 1)), paidUntil: nil, balanceMsat: 10_000, debtMsat: 0, creditMsat: 0,
      rate: RateDocument(priceMsat: 10_000, periodSeconds: 3_600),
      daysRemaining: 0,
      next: [NextAction(action: "renew_by", at: Timestamp(Instant(unixSeconds: 10)), avoidMsat: 10_000)],
      resources: ResourcesDocument(diskBytes: 1 << 30), links: ["self": "/v1/leases/0"])
    try comesBack(lease)
    let text = JSON.text(lease)
    #expect(
      text == """
        {"id":"0","kind":"disk","offer":"disk-small","state":"active","flags":{"frozen":false,"protected":true,\
        "impaired":false,"evicting_until":null},"version":3,"generation":1,"created_at":"1970-01-01T00:00:00.000001Z",\
        "paid_until":null,"balance_msat":10000,"debt_msat":0,"credit_msat":0,"rate":{"price_msat":10000,\
        "period_seconds":3600},"days_remaining":0,"next":[{"action":"renew_by","at":"1970-01-01T00:00:10Z","avoid_msat":10000,\
        "text":"The paid time ends at 1970-01-01T00:00:10Z unless 10 sat are paid before."}],\
        "resources":{"disk_bytes":1073741824},"links":{"self":"/v1/leases/0"}}
        """)
  }

  /// The fields, however deep, that are nil.
  private static func missing(in value: Any, _ name: String) -> [String] {
    let mirror = Mirror(reflecting: value)
    if mirror.displayStyle == .optional, mirror.children.isEmpty { return [name] }
    return mirror.children.flatMap { missing(in: $0.value, name + "." + ($0.label ?? "")) }
  }

  /// Whatever is in it, a document that writes itself says what its `Codable` form says.
  @Test func documentsThatWriteThemselvesSayTheSame() throws {
    func asEver(_ document: some Encodable) -> String { JSON.text(document) }
    let when = Timestamp(Instant(microseconds: 1_800_000_000_123_456))
    let (least, most) = (Int64.min, Int64.max)
    let bare = LeaseDocument(
      id: "", kind: "disk", offer: "o", state: "quoted",
      flags: LeaseFlags(frozen: false, protected: false, impaired: false), version: 0, generation: 0, createdAt: when,
      balanceMsat: nil, debtMsat: nil, creditMsat: nil, rate: RateDocument(priceMsat: 0, periodSeconds: 1), next: [],
      resources: ResourcesDocument(diskBytes: 0), links: [:])
    let price = PriceDocument(amount: "0", currency: "USD", deposit: "1.00")
    var full = LeaseDocument(
      id: "a\"b\\c\n\u{7F}\u{1}é𝄞", kind: "compute", offer: "o", variant: "v", state: "suspended", cause: "unpaid",
      resuming: true,
      flags: LeaseFlags(
        frozen: true, protected: true, impaired: true, evictingUntil: when, frozenReason: "a\tb",
        suspensionReason: "", evictionReason: "x"), version: most, generation: least, createdAt: when,
      paidUntil: when, balanceMsat: most, debtMsat: least, creditMsat: -1,
      rate: RateDocument(priceMsat: 10, periodSeconds: 3_600), price: price,
      exchangeRate: ExchangeRateDocument(currency: "USD", perBitcoin: "1.5", source: "s", readAt: when),
      renewalTerms: RenewalTermsDocument(from: when, priceMsat: 5, periodSeconds: 5, price: price),
      daysRemaining: most, next: [NextAction(action: "suspend", at: when, avoidMsat: least + 1)],
      resources: ResourcesDocument(diskBytes: 1, cpuMillis: 2, memoryBytes: 3, pids: 4), image: "i", disk: "d",
      container: ContainerDocument(
        state: "ended", exitCode: -1, outOfMemory: false, restart: "always", restarts: 2, restartsAt: when),
      links: ["self": "/a", "renew": "/b\"", "": ""])
    full.failure = FailureDocument(code: "not-made", detail: "")
    full.credential = "L402 a:b"
    full.limits = LimitsDocument(spendSatPerDay: most, spentMsat: least, resetsAt: when)
    full.address = "/d/0/"
    full.ports = [80, PortDocument(port: 8_080, access: "public")]
    full.contacts = [
      ContactDocument(
        contact: "0", channel: "webhook", to: "https://a.example/…", confirmed: true, invoice: true,
        createdAt: when, deliveredAt: when, failingSince: when, secret: "whsec_a")
    ]
    // A field that a document has gained is in none of these.
    #expect(Self.missing(in: full, "lease") == [])
    var unpriced = full
    unpriced.renewalTerms?.priceMsat = nil
    for lease in [bare, full, unpriced] {
      #expect(String(decoding: JSON.encode(lease), as: UTF8.self) == asEver(lease))
    }
    let little = IntrospectionDocument(
      lease: "l", token: "t", paymentHash: "p", tier: 0, capabilities: [], expiry: "valid", validUntil: when,
      mintedValidUntil: when, caveats: [], thirdParty: false, links: [:])
    let much = IntrospectionDocument(
      lease: "l", token: "t", paymentHash: "p", tier: -7, variant: "v", capabilities: ["read", "write"],
      expiry: "stale", validUntil: when, path: "/a b", methods: ["GET"], sources: ["::/0", "1.2.3.4/32"],
      maxMsat: most, ports: [1, 65_535], mintedValidUntil: when, holderValidUntil: when, caveats: ["a=\"", "b"],
      thirdParty: true,
      links: ["lease": "/l"])
    #expect(Self.missing(in: much, "introspection") == [])
    for shown in [little, much] { #expect(String(decoding: JSON.encode(shown), as: UTF8.self) == asEver(shown)) }
  }

  @Test func listsEndInNull() throws {
    let list = ListDocument(items: [
      LedgerItem(
        id: 1, at: Timestamp(Instant(unixSeconds: 0)), debit: "node", credit: "lease:x", msat: 5, cause: "payment")
    ])
    #expect(JSON.text(list).hasSuffix(",\"next_cursor\":null}"))
    try comesBack(list)
    try comesBack(ListDocument(items: [String](), nextCursor: "a"))
  }

  @Test func paymentProblemsUseTheNamesClientsLookFor() throws {
    let problem = ProblemDocument(
      type: ProblemDocument.namespace + "payment-required", title: "Payment required", status: 402,
      code: "payment-required", macaroon: "AgE=", invoice: "lnbcrt1", paymentHash: "00", amountMsat: 21_000,
      priceSats: 21, amountSats: 21)
    let text = JSON.text(problem)
    for name in ["macaroon", "invoice", "paymentHash", "amount_msat", "priceSats", "amountSats"] {
      #expect(text.contains("\"\(name)\":"))
    }
    #expect(!text.contains("expires_at"))
    try comesBack(problem)
  }

  @Test func execLinesSayOneThing() {
    #expect(JSON.text(ExecLine(stream: "stdout", dataBase64: "aGk=")) == #"{"stream":"stdout","data_base64":"aGk="}"#)
    #expect(JSON.text(ExecLine(exitCode: 0)) == #"{"exit_code":0}"#)
    #expect(JSON.text(ExecLine(error: "gone")) == #"{"error":"gone"}"#)
  }

  @Test func usageThatIsNotRatedSaysNull() throws {
    let item = UsageItem(
      meter: "cpu", windowStart: Timestamp(Instant(unixSeconds: 60)), windowSeconds: 60, quantity: 7,
      unit: "microsecond", chargedMsat: nil)
    #expect(JSON.text(item).contains("\"charged_msat\":null"))
    try comesBack(item)
  }
}
