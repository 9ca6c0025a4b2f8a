import Engine
import Testing

@testable import Pages

@Suite struct WishTests {
  static let key = String(repeating: "k", count: 22)

  private func fault(_ text: String) -> String? {
    do {
      _ = try Wish(offer: "box", Form(text))
      return nil
    } catch {
      if case .invalidField(let field, _) = error { return field }
      return "another"
    }
  }

  @Test func aFormIsAWish() throws {
    let form = try Form(
      "key=\(Self.key)&periods=+3+&image=busybox&command=sh+-c+%27echo+%22a%26b%22%27&env=A%3D1%0D%0AB%3D%3D+2%0D%0A%0D%0A"
        + "&restart=on-failure")
    let wish = try Wish(offer: "box", form)
    #expect(
      wish.request
        == LeaseRequest(
          offer: "box", periods: 3, image: "busybox", command: ["sh", "-c", "echo \"a&b\""],
          environment: ["A": "1", "B": "= 2"], restart: .onFailure))
    #expect(wish.key == Self.key)
  }

  @Test func emptyFieldsAreNotThere() throws {
    let wish = try Wish(offer: "disk", Form("key=\(Self.key)&image=&command=&env=&restart=never"))
    #expect(wish.request == LeaseRequest(offer: "disk"))
  }

  @Test(arguments: [
    ("key=short", "key"), ("key=\(key)&periods=0", "periods"), ("key=\(key)&periods=x", "periods"),
    ("key=\(key)&command=%27", "command"), ("key=\(key)&command=a%5C", "command"), ("key=\(key)&env=A", "env"),
    ("key=\(key)&restart=sometimes", "restart"), ("key=%zz", "body"),
    ("key=\(key)&key=\(key)", "key"), ("key=\(String(repeating: "k", count: 65))", "key"),
    ("key=\(String(repeating: "%0A", count: 22))", "key"),
  ])
  func whatIsWrongIsNamed(form: String, field: String) {
    #expect(fault(form) == field)
  }

  /// Said before all of it is parted: a form is the work of who sends it, and not ours.
  @Test func aCommandIsBounded() throws {
    let letters = String(repeating: "a", count: LeaseRequest.longestCommand)
    #expect(try Wish.arguments(letters) == [letters])
    #expect(throws: Refusal.self) { try Wish.arguments(letters + "a") }
    let words = Array(repeating: "a", count: LeaseRequest.mostWords)
    #expect(try Wish.arguments(words.joined(separator: " ")) == words)
    // Its last quote is not closed: who looks at all of it says that.
    let more = words.joined(separator: " ") + " a '"
    let fault = #expect(throws: Refusal.self) { try Wish.arguments(more) }
    guard case .invalidField("command", "at most 256 words and 64 KiB") = fault else {
      Issue.record("\(String(describing: fault))")
      return
    }
  }

  @Test(arguments: [
    ("a b", ["a", "b"]), ("  a\t\tb ", ["a", "b"]), (#"'a b' "c d""#, ["a b", "c d"]), (#"a\ b"#, ["a b"]),
    (#"''"#, [""]), (#"a'b'"c""#, ["abc"]), (#"'\'"#, [#"\"#]), (#""a\"b""#, [#"a"b"#]), ("", []),
  ])
  func aLineIsPartedAsAShellDoes(line: String, words: [String]) throws {
    #expect(try Wish.arguments(line) == words)
  }
}
