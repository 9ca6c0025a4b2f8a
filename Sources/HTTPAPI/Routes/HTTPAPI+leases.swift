import Engine
import HTTPTypes
import Hummingbird
import L402
import Leasing
import Ledger
import Units
import Wire

extension HTTPAPI {
  var leaseEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/v1/leases", rent),
      Endpoint(.post, "/v1/quotes", quote),
      Endpoint(.get, "/v1/offers/{offer}/lease", rentByLooking),
      Endpoint(.get, "/v1/leases/{lease}") { exchange in
        await lease(try await engine.reader.lease(exchange.lease(), exchange.caller()), exchange)
      },
      Endpoint(.post, "/v1/leases/{lease}/renewals") { exchange in
        let wish = try await exchange.document(RenewRequest.self)
        return await lease(
          try await engine.renew(exchange.lease(), periods: wish?.periods ?? 1, exchange.caller()).lease(), exchange)
      },
      Endpoint(.post, "/v1/leases/{lease}/changes") { exchange in
        let wish = try await exchange.requiredDocument(ChangeRequest.self)
        return await lease(
          try await engine.change(exchange.lease(), to: wish.offer, exchange.caller()).lease(), exchange)
      },
      Endpoint(.put, "/v1/leases/{lease}/limits") { exchange in
        let wish = try await exchange.requiredDocument(LimitsRequest.self)
        return await lease(
          try await engine.limit(exchange.lease(), to: Self.perDay(wish), exchange.caller()), exchange)
      },
      Endpoint(.delete, "/v1/leases/{lease}") { exchange in
        await lease(try await engine.release(exchange.lease(), exchange.caller()), exchange)
      },
    ] + refundEndpoints
  }

  /// The lease as its holder sees it; without its money where that is somebody who was lent a folder of it.
  private func lease(
    _ record: LeaseRecord, _ exchange: Exchange, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:],
    adding more: (inout LeaseDocument) -> Void = { _ in }
  ) async -> Response {
    var document = LeaseDocument(record, at: engine.clock.now(), base: configuration.publicURL)
    document.container = await engine.doors.containers.commandState(of: record).map(ContainerDocument.init(_:))
    do {
      document.failure = try await engine.reader.failure(of: record).map(FailureDocument.init(_:))
    } catch {
      exchange.logger.warning("why a lease came to nothing was not read", metadata: ["error": "\(loggable(error))"])
    }
    do {
      if await !engine.reader.seesMoney(try exchange.caller()) { document.hideMoney() }
    } catch {
      document.hideMoney()
    }
    more(&document)
    return .json(document, status, headers: headers)
  }

  /// What the request has shown, as a line of `Authorization`.
  private static func repeated(_ caller: Caller) -> String? {
    do {
      return try PresentedCredential.parse(authorization: caller.authorization)?.authorization
    } catch {
      return nil
    }
  }

  /// `201` whenever the credential that this very request bought is shown again; a quote otherwise.
  @Sendable private func rent(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(RentRequest.self)
    let request = try Self.request(wish)
    let contacts = try (wish.contacts ?? []).enumerated().map { try ContactWish($1, at: "contacts/\($0)") }
    try engine.contacts.check(contacts)
    let record = try await engine.rent(
      request, diskCredential: wish.diskCredential, place: wish.waitlist, body: Self.canonical(request),
      exchange.caller()
    ).lease()
    let caller = try exchange.caller()
    let address = wish.address == true ? try await engine.addresses.ofPurchase(record.lease.id, caller) : nil
    let told =
      contacts.isEmpty
      ? nil : try await engine.contacts.ofPurchase(contacts, of: record.lease.id, base: exchange.base, caller)
    return await lease(record, exchange, .created, headers: [.location: link("/v1/leases/\(record.lease.id)")]) {
      // Clients that keep what they paid with to themselves leave their user without it.
      $0.credential = Self.repeated(caller)
      $0.address = address.map { "\(exchange.base)\(AddressedDoor.base(of: $0.secret))/" }
      $0.contacts = told.map { $0.map { ContactDocument($0) } }
    }
  }

  /// For clients that can do nothing but `GET`: one period of the offer, as `POST /v1/leases` sells it. The credential
  /// that it was bought with shows the lease, however often.
  @Sendable private func rentByLooking(_ exchange: Exchange) async throws -> Response {
    // Who only wants to know whether something is there buys nothing.
    guard exchange.request.method == .get else {
      throw Problem(.methodNotAllowed, .methodNotAllowed, "this can be asked with GET", headers: [.allow: "GET"])
    }
    let request = LeaseRequest(offer: exchange.parameter("offer"), periods: 1)
    let caller = try exchange.caller()
    let record = try await engine.rent(request, body: Self.canonical(request), caller).lease()
    return await lease(record, exchange) { $0.credential = Self.repeated(caller) }
  }

  private static func perDay(_ limits: LimitsRequest) throws(Problem) -> Millisatoshi? {
    guard let sats = limits.spendSatPerDay else { return nil }
    guard sats >= 1, sats <= Millisatoshi.supply.count / 1_000 else {
      throw Problem.invalid("limits.spend_sat_per_day", "1 to all the bitcoin there is")
    }
    return Millisatoshi(satoshis: sats)
  }

  /// What is wished for.
  static func request(_ wish: RentRequest) throws -> LeaseRequest {
    var disk: LeaseID?
    if let text = wish.disk {
      guard let id = LeaseID(text) else { throw Problem.invalid("disk", "is no lease id") }
      disk = id
    }
    var restart: RestartPolicy?
    if let word = wish.restart {
      guard let policy = RestartPolicy(rawValue: word) else {
        throw Problem.invalid("restart", RestartPolicy.allCases.map(\.rawValue).joined(separator: ", "))
      }
      // The default spelt out is the default.
      if policy != .never { restart = policy }
    }
    return LeaseRequest(
      offer: wish.offer, periods: wish.periods ?? 1, image: wish.image, command: wish.command ?? [],
      environment: wish.env ?? [:], ports: try (wish.ports ?? []).map { try port($0) }, sshKey: wish.sshKey, disk: disk,
      restart: restart,
      spendPerDay: try wish.limits.flatMap { try perDay($0) })
  }

  private static func port(_ wish: PortDocument) throws(Problem) -> ContainerPort {
    guard let access = ContainerPort.Access(rawValue: wish.access) else {
      throw Problem.invalid("ports", ContainerPort.Access.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return ContainerPort(wish.port, access)
  }

  /// The request without what does not matter: the order and spacing of fields, and whether a default was spelt out.
  public static func canonical(_ request: LeaseRequest) -> [UInt8] {
    let environment = request.environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    return JSON.encode([
      [request.offer, String(request.periods), request.image ?? "", request.sshKey ?? ""],
      [request.disk?.description ?? ""] + (request.restart.map { [$0.rawValue] } ?? [])
        + (request.spendPerDay.map { ["\($0.count)"] } ?? []),
      request.ports.map { $0.access == .credential ? "\($0.number)" : "\($0.number) \($0.access.rawValue)" },
      request.command, environment,
    ])
  }
}
