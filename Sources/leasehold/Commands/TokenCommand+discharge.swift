import ArgumentParser
import Client
import Foundation
import L402
import Macaroons
import Units
import Wire

extension TokenCommand {
  struct Discharge: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "discharge", abstract: "Vouch for a credential, or add somebody's word to it.",
      usage: """
        leasehold token discharge --id <text> --key-file <file> [conditions]
        leasehold token discharge <token> --key-file <file> [--id <text>] [conditions]
        leasehold token discharge <token> --with <discharge> ...
        """,
      discussion: """
        The third party makes a discharge from the caveat's name and the key it shares with who wrote the caveat, and may \
        add conditions of its own; the holder binds it to the credential, which is then complete. The first form makes \
        one, the third binds it, the second does both.

          leasehold token discharge --id alice --key-file login.key --valid-for 10m     by the third party
          leasehold token discharge @last --with AgEFYWxpY2U…                            by the holder
        """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var conditions: NarrowingOptions
    @OptionGroup var form: CredentialForm
    @Option(help: ArgumentHelp("The caveat: what is vouched for.", valueName: "text")) var id: String?
    @Option(help: ArgumentHelp("The secret shared with who wrote the caveat.", valueName: "file")) var keyFile: String?
    @Option(name: .customLong("with"), help: ArgumentHelp("A discharge, base64.", valueName: "discharge"))
    var given: [String] = []
    @Argument(help: TokenArgument.help) var token: String?

    func validate() throws {
      if given.isEmpty, keyFile == nil { throw ValidationError("Say how: --key-file to make one, --with to add one.") }
      if !given.isEmpty, keyFile != nil || !conditions.isEmpty {
        throw ValidationError("--with takes a discharge as it is.")
      }
      if token == nil, id == nil || !given.isEmpty {
        throw ValidationError("Say what is vouched for: a credential, or --id.")
      }
    }

    func run() async throws {
      let held = try token.map { try TokenArgument.read($0, options) }
      try await Session.run(options) { session in
        let discharges =
          try keyFile.map { [try make(held?.outline, key: SharedKey.read($0), at: session.now)] }
          ?? given.map { try Self.read($0) }
        if let held {
          let whole = try Narrowing.attempt { () throws(NarrowingFault) in try held.discharged(by: discharges) }
          let left = whole.outline.awaited.count
          if left > 0, !session.isQuiet {
            Terminal.remark("\(left) more \(left == 1 ? "discharge is" : "discharges are") needed")
          }
          form.put(whole, session)
        } else {
          let text = Base64.encode(discharges[0].wire)
          session.put(["discharge": text]) { text + "\n" }
        }
      }
    }

    private func make(_ held: CredentialOutline?, key: [UInt8], at now: Instant) throws -> Macaroon {
      let caveats = try conditions.caveats(within: held, at: now).caveats
      for caveat in caveats where !caveat.hasPrefix("leasehold_") {
        throw Complaint.usage(Narrowing.words(.ineffective(caveat)))
      }
      return Macaroon.discharge(
        of: try identifier(held), rootKey: key, caveats: caveats.map { Array($0.utf8) })
    }

    private func identifier(_ held: CredentialOutline?) throws -> [UInt8] {
      if let id { return Array(id.utf8) }
      let awaited = held?.awaited ?? []
      guard let only = awaited.first else { throw Complaint.usage("nobody's word is missing from it") }
      guard awaited.count == 1 else {
        let names = awaited.map { String(decoding: $0.identifier, as: UTF8.self) }.joined(separator: ", ")
        throw Complaint.usage("say which with --id: \(names)")
      }
      return only.identifier
    }

    private static func read(_ text: String) throws -> Macaroon {
      guard let bytes = Base64.decode(text), let macaroon = try? Macaroon(binary: bytes) else {  // said in a sentence
        throw Complaint.usage("'\(text.prefix(12))…' is no discharge")
      }
      return macaroon
    }
  }
}

/// A secret that two parties share, in a file.
enum SharedKey {
  static func read(_ path: String) throws -> [UInt8] {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),  // said in a sentence
      let bytes = FileManager.default.contents(atPath: path)
    else { throw Complaint.failed("cannot read \(path)") }
    let mode = attributes[.posixPermissions] as? Int ?? 0
    guard mode & 0o077 == 0 else { throw Complaint.failed("others than its owner may read \(path): chmod 600") }
    let key = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    guard key.utf8.count >= 16 else { throw Complaint.failed("\(path) holds no key: 16 characters or more") }
    return Array(key.utf8)
  }

  static func readOrMake(_ path: String) throws -> [UInt8] {
    let descriptor = Foundation.open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { return try read(path) }
    let key = Bytes32.random().hex
    let line = Array((key + "\n").utf8)
    // A key that is not on disk whole would bind a credential for which no discharge can ever be made.
    let isWhole = Foundation.write(descriptor, line, line.count) == line.count && fsync(descriptor) == 0
    close(descriptor)
    guard isWhole else {
      unlink(path)
      throw Complaint.failed("cannot write \(path)")
    }
    return Array(key.utf8)
  }
}
