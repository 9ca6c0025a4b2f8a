import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Units
import Wallets
import Wire

/// Rents, pays and uses, with nothing kept anywhere but in a ``StateDirectory``.
///
/// Safe to use from many tasks. Call ``shutdown()`` when done.
public final class LeaseholdClient: Sendable {
  /// What the client may do by itself.
  public struct Settings: Sendable {
    /// Whether a door that wants a renewal is paid. Renting and renewing always pay.
    public var paysAtDoors: Bool
    /// Whether a person pays what a challenge asks for, from a wallet of their own (``ClientEvent/payByHand(invoice:msat:expiresAt:)``).
    public var paysByHand: Bool
    /// The most for one invoice, beside the budget.
    public var limit: Millisatoshi?
    /// How long `503` and its `Retry-After` are put up with, for one call; what is paid for and in the making fifteen
    /// times as long.
    public var patience: Seconds
    /// The most a payment may cost beside its amount; `nil` for 1 % and ten satoshis.
    public var maxFee: Millisatoshi?
    /// Beside the budget of the state directory: the stricter bound holds.
    public var budget: Budget
    /// Asked before each payment that limits and budget allow; without it they decide alone.
    public var approval: Approval?
    /// PEM: certificates to be believed beside those of the machine.
    public var certificateAuthorities: String?

    public init(
      paysAtDoors: Bool = false, paysByHand: Bool = false, limit: Millisatoshi? = nil, patience: Seconds = .minute,
      maxFee: Millisatoshi? = nil, budget: Budget = Budget(), approval: Approval? = nil
    ) {
      self.paysAtDoors = paysAtDoors
      self.paysByHand = paysByHand
      self.limit = limit
      self.patience = patience
      self.maxFee = maxFee
      self.budget = budget
      self.approval = approval
    }
  }

  public let server: ServerAddress
  public let state: StateDirectory
  public let settings: Settings
  let wallet: (any Wallet)?
  let now: @Sendable () -> Instant
  let tell: @Sendable (ClientEvent) -> Void
  let http: HTTPClient

  /// - Parameters:
  ///   - wallet: nil pays through the server's embedded node.
  ///   - now: the clock that invoices and budgets are held against.
  ///   - tell: hears what goes on; called from any task.
  public init(
    server: ServerAddress, state: StateDirectory, settings: Settings = Settings(), wallet: (any Wallet)? = nil,
    now: @escaping @Sendable () -> Instant = LeaseholdClient.systemClock,
    tell: @escaping @Sendable (ClientEvent) -> Void = { _ in }
  ) {
    self.server = server
    self.state = state
    self.settings = settings
    self.wallet = wallet
    self.now = now
    self.tell = tell
    // A redirect could carry the credential elsewhere, and none is part of the interface.
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(10)
    if let file = settings.certificateAuthorities {
      var tls = TLSConfiguration.makeClientConfiguration()
      tls.additionalTrustRoots = [.file(file)]
      configuration.tlsConfiguration = tls
    }
    // Where nothing listens, someone is waiting to be told.
    configuration.connectionPool.retryConnectionEstablishment = false
    // Event streams hold theirs for hours; what is asked meanwhile must not queue behind them.
    configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
    http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  public static let systemClock: @Sendable () -> Instant = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
  }

  /// Closes connections. Nothing may be called afterwards.
  public func shutdown() async {
    // Nothing is left to be done about a connection that does not close.
    try? await http.shutdown()
  }

  // MARK: Sending

  /// Sends, and does what can be done without anybody's leave: waits where the server asks for patience, swaps a stale
  /// credential, pays at a door if that was allowed.
  ///
  /// - Returns: an answer of success, its body still to be read.
  func send(_ call: Call) async throws(ClientError) -> HTTPClientResponse {
    var call = call
    var swapped = false
    var retaken = false
    var paidHash: String?
    var patience = Patience(settings.patience)
    while true {
      let shown = try show(call.authority)
      let response = try await transmit(call, shown)
      if (200..<300).contains(response.status.code) { return response }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .unauthorized where problem.code == "credential-stale" && !swapped:
        guard let credential = shown.credential, let lease = credential.lease else { throw .problem(problem) }
        swapped = true
        call.authority = .credential(try await swap(credential, of: lease))
      case .unauthorized where problem.code == "credential-revoked" && !retaken:
        // Another run of ours may have exchanged it while this one was asking.
        retaken = true
        guard let shown = shown.credential, let lease = shown.lease, let kept = try credential(for: .perhaps(lease))
        else { throw .problem(problem) }
        if kept != shown {
          call.authority = .credential(kept)
        } else if let rotated = try await resumeRotation(of: lease) {
          call.authority = .credential(rotated)
        } else {
          throw .problem(problem)
        }
      case .paymentRequired where settings.paysAtDoors:
        guard let lease = leaseName(of: call) else { throw .paymentRequired(problem) }
        if let paidHash { throw .paidButRefused(paymentHash: paidHash) }
        let credential = try await payAtDoor(of: lease, response.headers["WWW-Authenticate"], problem)
        paidHash = credential.paymentHash.hex
        call.authority = .credential(credential)
      case .paymentRequired: throw .paymentRequired(problem)
      case .serviceUnavailable where patience.isLeft:
        try await wait(response, problem, &patience)
      default: throw .problem(problem)
      }
    }
  }

  /// What goes into the `Authorization` line.
  private enum Shown {
    case nothing
    case credential(Credential)
    case line(String)

    var credential: Credential? { if case .credential(let credential) = self { credential } else { nil } }
  }

  private func show(_ authority: Call.Authority) throws(ClientError) -> Shown {
    if case .line(let line) = authority { return .line(line) }
    return try credential(for: authority).map { .credential($0) } ?? .nothing
  }

  /// Sends once.
  func transmit(_ call: Call) async throws(ClientError) -> HTTPClientResponse {
    try await transmit(call, show(call.authority))
  }

  private func transmit(_ call: Call, _ shown: Shown) async throws(ClientError) -> HTTPClientResponse {
    let authorization: String? =
      switch shown {
      case .nothing: nil
      case .credential(let credential): credential.authorization
      case .line(let line): line
      }
    let request = try call.request(to: server, authorization: authorization)
    let deadline: NIODeadline =
      switch call.patience {
      case .seconds(let count): .now() + .seconds(count)
      case .streaming: .distantFuture
      }
    do {
      return try await http.execute(request, deadline: deadline)
    } catch let error as ClientError {
      throw error
    } catch {
      throw .unreachable("cannot reach \(server): \(Self.words(error))")
    }
  }

  /// Sleeps as `Retry-After` says, between one second and ten.
  func wait(
    _ response: HTTPClientResponse, _ problem: ProblemDocument, _ patience: inout Patience
  ) async throws(ClientError) {
    let asked = response.headers.first(name: "Retry-After").flatMap { Int64($0) } ?? 1
    let span = Seconds(asked).clamped(from: 1, to: 10)
    if patience.begin() { tell(.waiting(reason: problem.detail ?? problem.title)) }
    do { try await Task.sleep(for: .seconds(span.count)) } catch { throw .unreachable("interrupted") }
  }

  func credential(for authority: Call.Authority) throws(ClientError) -> Credential? {
    switch authority {
    case .nobody, .line: return nil
    case .credential(let credential): return credential
    case .perhaps(let id): return try kept(id)?.credential
    case .lease(let id):
      guard let credential = try kept(id)?.credential else { throw .noCredential(lease: id) }
      return credential
    }
  }

  /// What is kept of a lease of this server; that of another's is not to be had here.
  func kept(_ id: String) throws(ClientError) -> StoredLease? {
    guard let lease = try state.storedLease(id) else { return nil }
    guard lease.server == server.description else { throw .otherServer(lease: id, server: lease.server) }
    return lease
  }

  private func leaseName(of call: Call) -> String? {
    switch call.authority {
    case .lease(let id), .perhaps(let id): id
    case .credential(let credential): credential.lease
    case .nobody, .line: nil
    }
  }

  // MARK: Reading

  static let documentLimit = 32 << 20

  /// Sends, and reads a document.
  func ask<Document: Decodable & Sendable>(
    _ type: Document.Type, _ call: Call
  ) async throws(ClientError) -> Answer<Document> {
    try await Self.read(type, send(call))
  }

  static func read<Document: Decodable & Sendable>(
    _ type: Document.Type, _ response: HTTPClientResponse
  ) async throws(ClientError) -> Answer<Document> {
    let bytes = try await bytes(of: response)
    do throws(JSONFault) {
      let document = try JSON.decode(type, from: bytes)
      return Answer(document: document, json: bytes, status: Int(response.status.code))
    } catch {
      switch error {
      case .malformed: throw .unreadable("no JSON")
      case .field(let field, let words): throw .unreadable("'\(field)' \(words)")
      }
    }
  }

  static func bytes(of response: HTTPClientResponse) async throws(ClientError) -> [UInt8] {
    do {
      let buffer = try await response.body.collect(upTo: documentLimit)
      return Array(buffer.readableBytesView)
    } catch {
      throw .unreachable("the answer broke off: \(words(error))")
    }
  }

  /// The problem an answer carries; one made from its status where it carries none.
  static func problem(of response: HTTPClientResponse) async -> ProblemDocument {
    let status = Int(response.status.code)
    if let buffer = try? await response.body.collect(upTo: 1 << 20),  // What breaks off is told by its status.
      // So is what is no problem document: a proxy's page.
      let problem = try? JSON.decode(ProblemDocument.self, from: buffer.readableBytesView)
    {
      return problem
    }
    return ProblemDocument(
      type: "about:blank",
      title: response.status.reasonPhrase.isEmpty ? "HTTP \(status)" : response.status.reasonPhrase,
      status: status, code: "http-\(status)")
  }

  static func words(_ error: any Error) -> String {
    switch error {
    case let error as HTTPClientError where error == .deadlineExceeded: "no answer in time"
    case let error as HTTPClientError where error == .connectTimeout: "no connection in time"
    case let error as HTTPClientError where error == .remoteConnectionClosed: "the connection was closed"
    case let error as NIOConnectionError:
      error.connectionErrors.first.map { words($0.error) } ?? error.dnsAError.map { words($0) } ?? "no such host"
    case let error as IOError: String(cString: strerror(error.errnoCode)).lowercased()
    default: tlsWords("\(error)") ?? "\(error)"
    }
  }

  /// What a library of TLS says, for people.
  static func tlsWords(_ text: String) -> String? {
    if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("unableToValidateCertificate") {
      return
        "its certificate is not one that this machine believes; for one of the server's own making: --ca-file <file.pem>"
    }
    if text.contains("hostname") || text.contains("noCertificateToValidate") {
      return "its certificate is for another name than this address"
    }
    if text.contains("WRONG_VERSION_NUMBER") {
      return "it does not speak TLS there: perhaps the address begins with http://"
    }
    if text.contains("certificate has expired") || text.contains("CERTIFICATE_EXPIRED") {
      return "its certificate has expired"
    }
    return nil
  }
}
