import BOLT11

enum Bech32Properties {
  static func check(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    if let decoded = read({ () throws(BOLT11Error) in try Bech32.decode(text) }) {
      precondition(Bech32.encode(prefix: decoded.prefix, groups: decoded.groups) == text.lowercased())
    }
    // Any prefix and any groups, and one character of the result changed: it is never accepted, for the code finds
    // every single error.
    guard let length = input.first.map({ Int($0 % 16) + 1 }), input.count > length + 2 else { return }
    let prefix = input[1...length].map { UInt8(ascii: "a") + $0 % 26 }
    let groups = input[(length + 1)...].map { $0 & 31 }
    var written = Array(Bech32.encode(prefix: prefix, groups: groups).utf8)
    let decoded = read { () throws(BOLT11Error) in try Bech32.decode(String(decoding: written, as: UTF8.self)) }
    precondition(decoded?.prefix == prefix && decoded?.groups == groups, "what is written is read")
    let index = prefix.count + 1 + Int(input[1]) % (written.count - prefix.count - 1)
    let other = Bech32.alphabet[Int(input[2] & 31)]
    if written[index] != other {
      written[index] = other
      let changed = read { () throws(BOLT11Error) in try Bech32.decode(String(decoding: written, as: UTF8.self)) }
      precondition(changed == nil, "a changed character is accepted")
    }
  }
}
