import ArgumentParser
import Client
import Foundation
import L402
import Macaroons
import Units
import Wire

struct TokenCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "token", abstract: "Read, narrow and vouch for credentials, offline.",
    discussion: """
      But for 'password' nothing here talks to a server: a holder can lend less than they have without asking anybody. What is narrowed so \
      shares its name with yours, so that it cannot be revoked alone; 'leasehold credential narrow' makes one that can.
      """,
    subcommands: [Show.self, Narrow.self, Discharge.self, Password.self])

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "What a credential says, caveat by caveat, and what it still allows.",
      discussion: "Checks no signature: only the server can.")
    @OptionGroup var options: GlobalOptions
    @Flag(help: "Show the secret too: the preimage, and the line for 'Authorization'.") var reveal = false
    @Argument(help: TokenArgument.help) var token: String

    func run() async throws {
      let shown = try TokenArgument.read(token, options)
      try await Session.run(options) { session in
        session.put(TokenDocument(shown, reveals: reveal, at: session.now)) {
          TokenView.text(shown, reveals: reveal, now: session.now)
        }
      }
    }
  }

  struct Narrow: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "narrow", abstract: "A credential that allows less, to be lent.",
      discussion: """
        Puts out the value of an Authorization line, or a command that is ready to be run with it.

          leasehold token narrow @last --read-only --path /photos --valid-for 10m
          leasehold token narrow @last --path /inbox --method PUT --curl /inbox/report.pdf
          leasehold token narrow @last --third-party https://login.example --third-party-id alice --key-file login.key

        With a third party it is good only together with that party's discharge: see 'leasehold token discharge'.
        """)
    @OptionGroup var options: GlobalOptions
    @OptionGroup var conditions: NarrowingOptions
    @OptionGroup var form: CredentialForm
    @Option(help: ArgumentHelp("Somebody else must vouch: where they are found.", valueName: "address"))
    var thirdParty: String?
    @Option(help: ArgumentHelp("What they are to check: a name, a question.", valueName: "text")) var thirdPartyId:
      String?
    @Option(help: ArgumentHelp("The secret shared with them; made when there is no such file.", valueName: "file"))
    var keyFile: String?
    @Argument(help: TokenArgument.help) var token: String

    func validate() throws {
      if thirdParty != nil, thirdPartyId == nil || keyFile == nil {
        throw ValidationError("--third-party needs --third-party-id and --key-file.")
      }
      if thirdParty == nil, thirdPartyId != nil || keyFile != nil {
        throw ValidationError("Say who the third party is: --third-party.")
      }
      if conditions.isEmpty, thirdParty == nil {
        throw ValidationError("Say what to narrow, for instance --read-only.")
      }
    }

    func run() async throws {
      let held = try TokenArgument.read(token, options)
      try await Session.run(options) { session in
        let (caveats, remark) = try conditions.caveats(within: held.outline, at: session.now)
        var narrowed = try Narrowing.attempt { () throws(NarrowingFault) in try held.narrowed(by: caveats) }
        if let thirdParty, let thirdPartyId, let keyFile {
          let key = try SharedKey.readOrMake(keyFile)
          narrowed = try Narrowing.attempt { () throws(NarrowingFault) in
            try narrowed.narrowed(byThirdParty: Array(thirdPartyId.utf8), location: thirdParty, rootKey: key)
          }
        }
        if let remark, !session.isQuiet { Terminal.remark(remark) }
        form.put(narrowed, session)
      }
    }
  }
}

/// A credential on the command line.
enum TokenArgument {
  static let help: ArgumentHelp =
    "LEASE or @last for a kept credential, a credential as text (others on this machine may see it), or - for standard input."

  static func read(_ text: String, _ options: GlobalOptions) throws -> PresentedCredential {
    var text = text
    if text == "-" {
      text = try FileHandle.standardInput.readToEnd().map { String(decoding: $0, as: UTF8.self) } ?? ""
    } else if !text.contains(":"), text.utf8.count <= 26 {
      // Shorter than any credential: a name.
      let state = try options.openState()
      let lease = try state.resolve(text, at: options.namedAddress())
      guard let kept = try state.storedLease(lease)?.credential else { throw ClientError.noCredential(lease: lease) }
      text = kept.authorization
    }
    guard let shown = PresentedCredential(text) else { throw Complaint.usage("that is no L402 credential") }
    if let preimage = shown.preimage, preimage.paymentHash != shown.identifier.paymentHash {
      throw Complaint.usage("the preimage does not belong to the macaroon")
    }
    return shown
  }
}

/// What a holder takes away.
struct NarrowingOptions: ParsableArguments {
  @Flag(help: "The same as --capabilities read.") var readOnly = false
  @Option(help: ArgumentHelp("Of read, write, exec, control, pay and refund, these only.", valueName: "list"))
  var capabilities: String?
  @Option(help: ArgumentHelp("This file or folder only.", valueName: "path")) var path: String?
  @Option(help: ArgumentHelp("These methods only: GET,HEAD.", valueName: "list")) var method: String?
  @Option(help: ArgumentHelp("From these addresses only: 203.0.113.0/24.", valueName: "list")) var source: String?
  @Option(help: ArgumentHelp("Not longer than this: 600, 10m, 24h or 7d.", valueName: "span")) var validFor: Span?
  @Option(help: ArgumentHelp("Pays at most this much for one invoice.", valueName: "msat")) var maxMsat: Int64?
  @Option(help: ArgumentHelp("These ports of a container, and nothing else of it: 8080,9000.", valueName: "list"))
  var port: String?
  @Option(help: ArgumentHelp("Any other condition that the doors know, as it stands.", valueName: "condition=value"))
  var caveat: [String] = []

  func validate() throws {
    if readOnly, capabilities != nil { throw ValidationError("--read-only is --capabilities read.") }
    if let capabilities, Capabilities(list: capabilities) == nil {
      throw ValidationError("--capabilities is a list of read, write, exec, control, pay and refund.")
    }
    if let maxMsat, maxMsat < 0 { throw ValidationError("--max-msat is 0 or more.") }
  }

  var isEmpty: Bool {
    !readOnly && capabilities == nil && path == nil && method == nil && source == nil && validFor == nil
      && maxMsat == nil && port == nil && caveat.isEmpty
  }

  /// - Parameter held: what is narrowed; an end later than its own is left out, and the remark says so.
  func caveats(within held: CredentialOutline?, at now: Instant) throws -> (caveats: [String], remark: String?) {
    var caveats: [String] = []
    var remark: String?
    func add(_ condition: Condition, _ value: String?) {
      if let value { caveats.append(condition.caveat(value)) }
    }
    add(.capabilities, readOnly ? "read" : capabilities)
    // The doors decode once.
    add(.path, path.map { ($0.hasPrefix("/") ? $0 : "/" + $0).replacing("%", with: "%25") })
    add(.method, method?.uppercased())
    add(.source, source)
    add(.maxMsat, maxMsat.map { "\($0)" })
    add(.port, port)
    if let validFor {
      let end = now.unixSeconds + validFor.seconds
      if let held, case .success(let claims) = held.claims, claims.validUntil < end {
        remark =
          "the credential ends sooner than that by itself: \(Human.time(Timestamp(Instant(unixSeconds: claims.validUntil))))"
      } else {
        add(.validUntil, "\(end)")
      }
    }
    return (caveats + caveat, remark)
  }
}

/// `600`, `90s`, `10m`, `24h`, `7d`.
struct Span: ExpressibleByArgument, Hashable {
  var seconds: Int64

  init?(argument: String) {
    let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
    let unit = argument.last.flatMap { units[$0] }
    guard let count = Int64(unit == nil ? argument[...] : argument.dropLast()), count > 0,
      case let (seconds, overflow) = count.multipliedReportingOverflow(by: unit ?? 1), !overflow,
      seconds <= 366 * 86_400
    else { return nil }
    self.seconds = seconds
  }
}

/// How a credential is put out.
struct CredentialForm: ParsableArguments {
  @Option(help: ArgumentHelp("Put out a curl command that gets this path of the disk.", valueName: "path"))
  var curl: String?
  @Flag(help: "Put out an rclone command that lists the disk.") var rclone = false

  func validate() throws {
    if curl != nil, rclone { throw ValidationError("--curl or --rclone.") }
  }

  struct Document: Codable {
    var lease: String?
    var authorization: String
    var caveats: [String]
    var validUntil: Timestamp?

    enum CodingKeys: String, CodingKey {
      case lease, authorization, caveats
      case validUntil = "valid_until"
    }
  }

  func put(_ credential: PresentedCredential, _ session: Session) {
    let outline = credential.outline
    let claims = try? outline.claims.get()  // what no door will take is put out all the same: 'token show' says why
    let document = Document(
      lease: claims?.lease, authorization: credential.authorization, caveats: outline.caveats.map(\.text),
      validUntil: claims.map { Timestamp(Instant(unixSeconds: $0.validUntil)) })
    session.put(document) { line(credential.authorization, claims, session) + "\n" }
    if !session.isJSON, !session.isQuiet, Terminal.outputIsTTY {
      Terminal.remark("whoever reads this line has what it allows")
    }
  }

  private func line(_ authorization: String, _ claims: CredentialOutline.Claims?, _ session: Session) -> String {
    let lease = claims?.lease ?? ""
    if let curl {
      let path = RemotePath(curl) ?? .root
      return
        "curl --fail -H 'Authorization: \(authorization)' '\(session.client.door(lease, path, isFolder: path.namesFolder))'"
    }
    guard rclone else { return authorization }
    let path = claims?.path.flatMap { RemotePath($0.description) } ?? .root
    return "RCLONE_WEBDAV_URL='\(session.client.door(lease, path))' "
      + "RCLONE_WEBDAV_HEADERS='Authorization,\"\(authorization)\"' rclone lsf :webdav:"
  }
}

/// Why a credential cannot be narrowed so, in words.
enum Narrowing {
  static func attempt<Result>(_ body: () throws(NarrowingFault) -> Result) throws -> Result {
    do throws(NarrowingFault) { return try body() } catch { throw Complaint.usage(words(error)) }
  }

  static func words(_ fault: NarrowingFault) -> String {
    switch fault {
    case .refused(.widened(let condition)):
      "that would allow more than the credential does: \(condition.rawValue)"
    case .refused(.malformedCaveat(let condition)): "the value of \(condition.rawValue) cannot be read"
    case .refused(.unknownCaveat): "no server knows that condition, and every one would refuse it"
    case .refused(let refusal): "every server would refuse the result (\(refusal.reason))"
    case .ineffective(let caveat): "'\(caveat)' would take nothing away"
    case .bound: "discharges are bound to it: narrow it before they are"
    case .notAwaited: "no caveat waits for that discharge"
    case .identifierTaken: "there is a third-party caveat of that name already"
    }
  }
}
