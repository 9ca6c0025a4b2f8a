import L402

enum ChallengeProperties {
  static func check(_ input: [UInt8]) {
    let lines = input.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
    guard let challenge = Challenge(wwwAuthenticate: lines) else { return }
    for line in [challenge.wwwAuthenticate, challenge.lsat] {
      precondition(Challenge(wwwAuthenticate: [line]) == challenge, "what is written is read")
    }
  }
}
