import Client
import Foundation
import Units
import Wire

/// A command at work: a client, and how to put things out.
struct Session: Sendable {
  let client: LeaseholdClient
  let isJSON: Bool
  let isQuiet: Bool

  /// Opens one for the length of `body`.
  static func run(
    _ options: GlobalOptions, paysAtDoors: Bool = false, paysByHand: Bool = false, limit: Millisatoshi? = nil,
    _ body: (Session) async throws -> Void
  ) async throws {
    let isQuiet = options.quiet
    let client = LeaseholdClient(
      server: try options.address(), state: try options.openState(),
      settings: LeaseholdClient.Settings(paysAtDoors: paysAtDoors, paysByHand: paysByHand, limit: limit),
      tell: { progress in
        if case .payByHand(let invoice, let msat) = progress {
          // Asked for, so that quiet does not hide it.
          Terminal.remark("pay \(Human.sats(msat)) from your wallet; waiting for it:")
          Terminal.remark(invoice)
        } else if !isQuiet {
          Self.remark(progress)
        }
      })
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(Session(client: client, isJSON: options.json, isQuiet: isQuiet)))
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    try result.get()
  }

  private static func remark(_ progress: ClientEvent) {
    switch progress {
    case .paying(let msat, let purpose): Terminal.remark("paying \(Human.sats(msat)) (\(purpose)) …")
    case .paid(let msat): Terminal.remark("paid \(Human.sats(msat))")
    case .payByHand: break
    case .recovering: Terminal.remark("going on with what an earlier run began")
    case .swapped: Terminal.remark("the credential had gone stale and was exchanged")
    case .waiting: Terminal.remark("the server asks for patience …")
    }
  }

  var now: Instant { LeaseholdClient.systemClock() }

  /// The id of the lease a person means.
  func lease(_ name: String) throws -> String { try client.state.resolve(name, at: client.server) }

  /// Whether what follows is for people; otherwise the document is put out.
  func put(_ json: [UInt8], text: () -> String) {
    Terminal.write(isJSON ? json + [UInt8(ascii: "\n")] : Array(text().utf8), to: 1)
  }

  func put(_ document: some Encodable, text: () -> String) {
    put(isJSON ? JSON.encode(document) : [], text: text)
  }

  func put<Document>(_ answer: Answer<Document>, text: (Document) -> String) {
    put(answer.json) { text(answer.document) }
  }
}
