import Foundation
import Macaroons
import TestKit
import Testing

/// Against pymacaroons and libmacaroons as they run on this machine, both directions, third parties included.
@Suite(.needs(.macaroonPeers)) struct PeerTests {
  @Test(arguments: Peer.allCases)
  func whatTheyMintWeRead(_ peer: Peer) throws {
    let cases = Case.random(seed: 0x7e57, ascii: peer == .pymacaroons)
    let answers = try Peer.ask(cases.map { $0.minting(by: peer) })
    for (given, answer) in zip(cases, answers) {
      #expect(answer.error == nil)
      #expect(answer.texts.map(\.key).sorted() == peer.formats)
      for (format, texts) in answer.texts {
        let macaroon = try Macaroon(text: texts.macaroon)
        let discharges = try texts.discharges.map { try Macaroon(text: $0) }
        let key = MacaroonKey(rootKey: given.root)
        try macaroon.verify(key, discharges: discharges)
        #expect(macaroon.caveats.map(\.text) == given.caveats.map(\.identifier))
        #expect(macaroon.hasThirdPartyCaveats == !discharges.isEmpty)
        if discharges.isEmpty { #expect(macaroon == given.ours().macaroon) }
        #expect(throws: VerificationFault.self) { try macaroon.verify(MacaroonKey(rootKey: given.root + [0])) }
        // What we write is what they wrote; JSON has more than one spelling.
        switch format {
        case "v1": #expect(try Base64.encodeForURL(macaroon.v1()) == texts.macaroon)
        case "v2": #expect(Base64.encodeForURL(macaroon.wire) == texts.macaroon)
        default: #expect(try Macaroon(json: macaroon.json) == macaroon)
        }
      }
    }
  }

  @Test(arguments: Peer.allCases)
  func whatWeMintTheyRead(_ peer: Peer) throws {
    let cases = Case.random(seed: 0x0a11, ascii: peer == .pymacaroons)
    for format in peer.formats {
      let sound = try Peer.ask(cases.map { try $0.verification(by: peer, as: format) })
      #expect(sound.map(\.holds) == cases.map { _ in true }, "\(format)")
      let unsound: [(Case) throws -> Request] = [
        { try $0.verification(by: peer, as: format, root: $0.root + [1]) },
        { try $0.verification(by: peer, as: format, bound: false) },
        { try $0.verification(by: peer, as: format, satisfied: []) },
      ]
      for request in unsound {
        // A case without third parties has nothing to leave unbound, one without caveats nothing to leave unsatisfied.
        let refused = try Peer.ask(cases.filter(\.isWhole).map(request))
        #expect(!refused.isEmpty, "\(format)")
        #expect(refused.allSatisfy { $0.holds == false }, "\(format)")
      }
    }
  }
}

enum Peer: String, CaseIterable, Encodable {
  case pymacaroons
  /// As Debian builds it: the first format alone.
  case libmacaroons

  var formats: [String] { self == .pymacaroons ? ["json", "v1", "v2"] : ["v1"] }

  /// One process for all requests: it reads them from a file and ends.
  static func ask(_ requests: [Request]) throws -> [Answer] {
    let python = try #require(ProcessInfo.processInfo.environment["LEASEHOLD_TEST_PYTHON"])
    let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Peers/macaroons.py")
    let input = FileManager.default.temporaryDirectory.appendingPathComponent("peers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: input) }  // a leftover in a temporary folder harms nobody
    let lines = try requests.map { String(decoding: try JSONEncoder().encode($0), as: UTF8.self) }
    try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: input)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [script.path]
    process.standardInput = try FileHandle(forReadingFrom: input)
    let output = Pipe()
    process.standardOutput = output
    try process.start()
    let data = try #require(try output.fileHandleForReading.readToEnd())
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    let answers = try data.split(separator: UInt8(ascii: "\n")).map {
      try JSONDecoder().decode(Answer.self, from: $0)
    }
    try #require(answers.count == requests.count)
    return answers
  }
}

struct Request: Encodable {
  struct Caveat: Encodable {
    var identifier: String
    var location: String?
    var root: String?
  }
  struct Minted: Encodable {
    var root: String
    var identifier: String
    var location: String
    var caveats: [Caveat]
  }
  var peer: Peer
  var `do`: String
  var root: String
  // To mint.
  var identifier: String?
  var location: String?
  var caveats: [Caveat]?
  // Bound texts to verify, or what to mint: the script tells them apart by what it is asked to do.
  var discharges: [Discharge]
  // To verify.
  var format: String?
  var macaroon: String?
  var satisfied: [String]?

  enum Discharge: Encodable {
    case mint(Minted)
    case text(String)

    func encode(to encoder: any Encoder) throws {
      switch self {
      case .mint(let minted): try minted.encode(to: encoder)
      case .text(let text): try text.encode(to: encoder)
      }
    }
  }
}

struct Answer: Decodable {
  struct Texts: Decodable {
    var macaroon: String
    var discharges: [String]
  }
  var v1: Texts?
  var v2: Texts?
  var json: Texts?
  var holds: Bool?
  var error: String?

  var texts: [String: Texts] { ["v1": v1, "v2": v2, "json": json].compactMapValues { $0 } }
}

/// A macaroon to be minted by either side.
struct Case {
  struct Caveat {
    var identifier: String
    /// Third-party: the key it carries, and what its discharge says.
    var root: [UInt8]?
    var says: [String] = []
  }
  var root: [UInt8]
  var identifier: String
  var location: String
  var caveats: [Caveat]

  var isWhole: Bool { caveats.contains { $0.root != nil } && caveats.contains { $0.root == nil } }

  static func random(seed: UInt64, ascii: Bool) -> [Case] {
    var random = SplitMix(state: seed)
    // pymacaroons counts characters where V1 counts bytes.
    let letters = Array(ascii ? "abc =<>/\"\\:" : "abc =<>/\"\\:ключ🍪")
    func text(_ length: ClosedRange<Int>) -> String {
      String(
        (0..<Int.random(in: length, using: &random)).map { _ in letters[Int.random(in: letters.indices, using: &random)]
        })
    }
    return (0..<40).map { _ in
      Case(
        root: random.bytes(Int.random(in: 1...70, using: &random)), identifier: text(1...60), location: text(1...20),
        caveats: (0..<Int.random(in: 0...5, using: &random)).map { index in
          guard Bool.random(using: &random) else { return Caveat(identifier: "\(index) " + text(0...40)) }
          return Caveat(
            identifier: "third \(index) " + text(0...20), root: random.bytes(Int.random(in: 1...40, using: &random)),
            says: (0..<Int.random(in: 0...2, using: &random)).map { _ in text(1...20) })
        })
    }
  }

  func minting(by peer: Peer) -> Request {
    Request(
      peer: peer, do: "mint", root: Hex.encode(root), identifier: identifier, location: location,
      caveats: caveats.map {
        Request.Caveat(
          identifier: $0.identifier, location: $0.root.map { _ in "there" }, root: $0.root.map(Hex.encode))
      },
      discharges: caveats.compactMap { caveat in
        caveat.root.map {
          .mint(
            Request.Minted(
              root: Hex.encode($0), identifier: caveat.identifier, location: "there",
              caveats: caveat.says.map { Request.Caveat(identifier: $0) }))
        }
      })
  }

  func ours() -> (macaroon: Macaroon, discharges: [Macaroon]) {
    let bare = Macaroon(location: location, identifier: Array(identifier.utf8), key: MacaroonKey(rootKey: root))
    let macaroon = caveats.reduce(bare) { macaroon, caveat in
      let identifier = Array(caveat.identifier.utf8)
      guard let root = caveat.root else { return macaroon.adding(identifier) }
      return macaroon.adding(thirdParty: identifier, location: "there", rootKey: root)
    }
    let discharges = caveats.compactMap { caveat in
      caveat.root.map {
        Macaroon.discharge(
          of: Array(caveat.identifier.utf8), location: "there", rootKey: $0,
          caveats: caveat.says.map { Array($0.utf8) })
      }
    }
    return (macaroon, discharges)
  }

  func verification(
    by peer: Peer, as format: String, root: [UInt8]? = nil, bound: Bool = true, satisfied: [String]? = nil
  ) throws -> Request {
    let (macaroon, discharges) = ours()
    func text(_ macaroon: Macaroon) throws -> String {
      switch format {
      case "v1": Base64.encodeForURL(try macaroon.v1())
      case "v2": Base64.encodeForURL(macaroon.wire)
      default: macaroon.json
      }
    }
    return Request(
      peer: peer, do: "verify", root: Hex.encode(root ?? self.root),
      discharges: try discharges.map { .text(try text(bound ? $0.bound(to: macaroon) : $0)) }, format: format,
      macaroon: try text(macaroon),
      satisfied: satisfied ?? caveats.flatMap { $0.root == nil ? [$0.identifier] : $0.says })
  }
}
