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
      next: [NextAction(action: "renew_by", at: Timestamp(Instant(unixSeconds: 10)))],
      resources: ResourcesDocument(diskBytes: 1 << 30), links: ["self": "/v1/leases/0"])
    try comesBack(lease)
    let text = JSON.text(lease)
    #expect(
      text == """
        {"id":"0","kind":"disk","offer":"disk-small","state":"active","flags":{"frozen":false,"protected":true,\
        "impaired":false,"evicting_until":null},"version":3,"generation":1,"created_at":"1970-01-01T00:00:00.000001Z",\
        "paid_until":null,"balance_msat":10000,"debt_msat":0,"credit_msat":0,"rate":{"price_msat":10000,\
        "period_seconds":3600},"next":[{"action":"renew_by","at":"1970-01-01T00:00:10Z"}],\
        "resources":{"disk_bytes":1073741824},"links":{"self":"/v1/leases/0"}}
        """)
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
