import Client
import Foundation
import Units
import Wallets
import Wire

/// A command at work: a client, and how to put things out.
struct Session: Sendable {
  let client: LeaseholdClient
  let isJSON: Bool
  let isQuiet: Bool

  /// What a command may do with money.
  enum Spending {
    case nothing
    /// The wallet is opened, and within the limit everything asked for is paid.
    case paying(PaymentOptions)
    /// The same, if a door asks for it and the option allows it.
    case door(DoorOptions)

    fileprivate var options: PaymentOptions? {
      switch self {
      case .nothing: nil
      case .paying(let options): options
      case .door(let door): door.pay ? door.payment : nil
      }
    }

    fileprivate var paysAtDoors: Bool { if case .door(let door) = self { door.pay } else { false } }
  }

  /// Opens one for the length of `body`.
  static func run(
    _ options: GlobalOptions, _ spending: Spending = .nothing, _ body: (Session) async throws -> Void
  ) async throws {
    try await run(options, at: options.address(), options.openState(), spending, body)
  }

  /// Opens one at the server of a lease, and at no other: a credential is shown to nobody else.
  ///
  /// - Parameters:
  ///   - name: what a person calls the lease.
  ///   - use: whether a lease that is over serves.
  static func run(
    _ options: GlobalOptions, of name: String, for use: StateDirectory.Use = .looking, _ spending: Spending = .nothing,
    _ body: (Session, _ lease: String) async throws -> Void
  ) async throws {
    let (state, named) = (try options.openState(), try options.namedAddress())
    let id = try state.resolve(name, at: named, for: use)
    let kept = try state.storedLease(id)
    if let named, let kept, kept.server != named.description {
      throw ClientError.otherServer(lease: id, server: kept.server)
    }
    try await run(options, at: kept?.address ?? options.address(), state, spending) { try await body($0, id) }
  }

  static func run(
    _ options: GlobalOptions, at address: ServerAddress, _ state: StateDirectory, _ spending: Spending = .nothing,
    _ body: (Session) async throws -> Void
  ) async throws {
    _ = try options.configuration()
    var settings = LeaseholdClient.Settings(paysAtDoors: spending.paysAtDoors, limit: spending.options?.limit)
    var wallet: (any Wallet)?
    if let payment = spending.options {
      let chosen = try ChosenWallet(options, payment.source)
      settings.paysByHand = chosen.configuration.kind == .manual
      settings.budget = chosen.configuration.budget
      settings.maxFee = chosen.configuration.maxFee
      settings.approval = Consent.approval(payment, isQuiet: options.quiet)
      wallet = try chosen.open()
    }
    if let file = options.caFile {
      guard FileManager.default.isReadableFile(atPath: file) else { throw Complaint.usage("cannot read \(file)") }
      settings.certificateAuthorities = file
    }
    let isQuiet = options.quiet
    let client = LeaseholdClient(
      server: address, state: state, settings: settings, wallet: wallet, tell: { Remarks.make($0, isQuiet: isQuiet) })
    let session = Session(client: client, isJSON: options.json, isQuiet: isQuiet)
    let result: Result<Void, any Error>
    do {
      result = .success(try await body(session))
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    try result.get()
  }

  var now: Instant { LeaseholdClient.systemClock() }

  /// The id of a lease of this server that a person means.
  func lease(_ name: String, for use: StateDirectory.Use = .looking) throws -> String {
    try client.state.resolve(name, at: client.server, for: use)
  }

  /// How a lease is called in a command that is shown: by its name, else by an ending that no other has.
  func short(_ id: String) -> String {
    // Without its file nothing is known of the others either.
    let others = (try? client.state.storedLeases(of: nil)) ?? []
    if let name = others.first(where: { $0.lease == id })?.name { return name }
    var count = 6
    while count < 26, others.contains(where: { $0.lease != id && $0.lease.hasSuffix(id.suffix(count)) }) { count += 1 }
    return String(id.suffix(count))
  }

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

/// The wallet that the command line, the environment and the file agree on, in this order.
struct ChosenWallet {
  let configuration: WalletConfiguration

  init(_ options: GlobalOptions, _ source: WalletOptions) throws {
    let environment = ProcessInfo.processInfo.environment
    let file = try options.configuration()
    do throws(WalletConfiguration.Fault) {
      var configuration = try (file.wallet ?? WalletConfiguration()).overridden(by: environment)
      configuration.expand(home: environment["HOME"])
      if let kind = source.kind { configuration.kind = kind }
      try configuration.check()
      self.configuration = configuration
    } catch {
      throw Complaint.usage("\(error)")
    }
  }

  /// - Returns: `nil` for the server's own node and for a person's: the client knows how to do both.
  func open() throws -> NodeWallet? {
    do throws(WalletConfiguration.Fault) {
      return try configuration.open(ProcessInfo.processInfo.environment)
    } catch {
      throw Complaint.usage("\(error)")
    }
  }
}
