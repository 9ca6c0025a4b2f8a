import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
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

    public init(
      paysAtDoors: Bool = false, paysByHand: Bool = false, limit: Millisatoshi? = nil, patience: Seconds = .minute,
      maxFee: Millisatoshi? = nil, budget: Budget = Budget()
    ) {
      self.paysAtDoors = paysAtDoors
      self.paysByHand = paysByHand
      self.limit = limit
      self.patience = patience
      self.maxFee = maxFee
      self.budget = budget
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
    var paidHash: String?
    var patience = Patience(settings.patience)
    while true {
      let response = try await transmit(call)
      if (200..<300).contains(response.status.code) { return response }
      let problem = await Self.problem(of: response)
      switch response.status {
      case .unauthorized where problem.code == "credential-stale" && !swapped:
        guard let credential = try credential(for: call.authority), let lease = credential.lease
        else { throw .problem(problem) }
        swapped = true
        call.authority = .credential(try await swap(credential, of: lease))
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

  /// Sends once.
  func transmit(_ call: Call) async throws(ClientError) -> HTTPClientResponse {
    let authorization: String? =
      if case .line(let line) = call.authority { line } else { try credential(for: call.authority)?.authorization }
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
    case .perhaps(let id): return try state.storedLease(id)?.credential
    case .lease(let id):
      guard let credential = try state.storedLease(id)?.credential else { throw .noCredential(lease: id) }
      return credential
    }
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
    // A refusal that is no problem document (a proxy's page) is told by its status.
    if let buffer = try? await response.body.collect(upTo: 1 << 20),
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
    default: "\(error)"
    }
  }
}
