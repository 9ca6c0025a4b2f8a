import Testing

@testable import HTTPAPI

@Suite struct AdminTokenTests {
  private let token = AdminToken("0123456789abcdef-secret")

  @Test func onlyTheTokenOpens() throws {
    let token = try #require(token)
    #expect(token.isShown(in: ["Bearer 0123456789abcdef-secret"]))
    #expect(token.isShown(in: ["L402 AgE=:00", "bearer 0123456789abcdef-secret"]))
    for line in [
      "", "Bearer", "Bearer ", "Basic 0123456789abcdef-secret", "Bearer 0123456789abcdef-secre",
      "Bearer 0123456789abcdef-secret!", "Bearer 0123456789abcdef-secreT", "0123456789abcdef-secret",
      "Bearer 0123456789abcdef-secret" + String(repeating: "\0", count: 256),
    ] {
      #expect(!token.isShown(in: [line]), "\(line)")
    }
    #expect(!token.isShown(in: []))
  }

  @Test func whatCouldBeGuessedIsNoToken() {
    #expect(AdminToken("short") == nil)
    #expect(AdminToken("0123456789abcde\n0") == nil)
    #expect(AdminToken("") == nil)
  }

  @Test func itIsNeverPrinted() throws {
    let token = try #require(token)
    var dumped = ""
    dump(token, to: &dumped)
    #expect(!"\(token) \(String(reflecting: token)) \(dumped)".contains("secret"))
  }
}
