import Testing

@testable import L402

@Suite struct RequireTests {
  private let fixture = Fixture()

  private func refusal(
    _ caveats: [String], _ capability: Capabilities = .read, method: String? = "GET", path: String? = nil,
    source: String? = "192.0.2.1", amount: Int64? = nil, at now: Int64 = Fixture.now
  ) throws -> PermissionRefusal? {
    let credential = try fixture.verify(narrowedBy: caveats, at: now)
    let path = try path.map { text in try ResourcePath(encoded: text) }
    let source = try source.map { text in try #require(IPAddress(text)) }
    do throws(PermissionRefusal) {
      try credential.require(
        capability, method: method, path: path, source: source, amountMsat: amount)
      return nil
    } catch {
      return error
    }
  }

  @Test func anUnnarrowedCredentialReachesEverywhere() throws {
    #expect(try refusal([], .all, method: nil, path: "/x", source: nil, amount: .max) == nil)
  }

  @Test func capabilities() throws {
    #expect(try refusal(["leasehold_capabilities=read,pay"], .read) == nil)
    #expect(try refusal(["leasehold_capabilities=read,pay"], [.read, .write, .exec]) == .capability([.write, .exec]))
    #expect(try refusal(["leasehold_capabilities="], .read) == .capability(.read))
  }

  @Test func methods() throws {
    #expect(try refusal(["leasehold_method=GET,HEAD"], method: "HEAD") == nil)
    #expect(try refusal(["leasehold_method=GET,HEAD"], method: "PUT") == .method)
    #expect(try refusal(["leasehold_method=GET,HEAD"], method: "get") == .method)
    #expect(try refusal(["leasehold_method=GET"], method: nil) == .method)
  }

  @Test func paths() throws {
    let photos = ["leasehold_path=/photos"]
    for inside in ["/photos", "/photos/", "/photos/a", "//photos//a", "/%70hotos/a", "/./photos/a"] {
      #expect(try refusal(photos, path: inside) == nil, "\(inside)")
    }
    for outside in ["/", "/photos2", "/photo", "/a/photos", "/Photos", "/photos%2520", "/%2570hotos"] {
      #expect(try refusal(photos, path: outside) == .path, "\(outside)")
    }
  }

  /// A credential for some files does nothing that reaches all of them.
  @Test func withoutAPath() throws {
    let photos = ["leasehold_path=/photos"]
    #expect(try refusal(photos, .read) == nil)
    #expect(try refusal(photos, .pay) == nil)
    for capability in [Capabilities.write, .exec, .control, .refund, [.read, .exec]] {
      #expect(try refusal(photos, capability) == .path)
    }
  }

  @Test func sources() throws {
    let office = ["leasehold_source=203.0.113.0/24,2001:db8::/32"]
    #expect(try refusal(office, source: "203.0.113.9") == nil)
    #expect(try refusal(office, source: "::ffff:203.0.113.9") == nil)
    #expect(try refusal(office, source: "2001:db8:1::9") == nil)
    #expect(try refusal(office, source: "203.0.114.1") == .source)
    #expect(try refusal(office, source: nil) == .source)
  }

  @Test func amounts() throws {
    #expect(try refusal(["leasehold_max_msat=1000"], .pay, amount: 1000) == nil)
    #expect(try refusal(["leasehold_max_msat=1000"], .pay, amount: 1001) == .amount)
    #expect(try refusal(["leasehold_max_msat=1000"], .pay) == nil)
  }

  @Test func theHoldersOwnExpiryIsARefusalAndTheMintedOneIsNot() throws {
    let hour = ["leasehold_valid_until=\(Fixture.now + 3600)"]
    #expect(try refusal(hour, at: Fixture.now + 3599) == nil)
    #expect(try refusal(hour, at: Fixture.now + 3600) == .expired)
    #expect(try refusal([], at: Fixture.later) == nil)
  }
}
