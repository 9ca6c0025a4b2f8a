import Engine
import HTTPTypes
import Hummingbird
import L402
import Ledger
import Units
import Wire

extension HTTPAPI {
  var leaseEndpoints: [Endpoint] {
    [
      Endpoint(.post, "/v1/leases", rent),
      Endpoint(.get, "/v1/leases/{lease}") { exchange in
        lease(try await engine.lease(exchange.lease(), exchange.caller()))
      },
      Endpoint(.post, "/v1/leases/{lease}/renewals") { exchange in
        let wish = try await exchange.document(RenewRequest.self)
        return lease(try await engine.renew(exchange.lease(), periods: wish?.periods ?? 1, exchange.caller()))
      },
      Endpoint(.post, "/v1/leases/{lease}/changes") { exchange in
        let wish = try await exchange.requiredDocument(ChangeRequest.self)
        return lease(try await engine.change(exchange.lease(), to: wish.offer, exchange.caller()))
      },
      Endpoint(.delete, "/v1/leases/{lease}") { exchange in
        lease(try await engine.release(exchange.lease(), exchange.caller()))
      },
    ] + refundEndpoints
  }

  /// The lease as its holder sees it.
  func lease(_ record: LeaseRecord, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
    .json(LeaseDocument(record, at: engine.clock.now(), base: configuration.publicURL), status, headers: headers)
  }

  /// `201` whenever the credential that this very request bought is shown again; a quote otherwise.
  @Sendable private func rent(_ exchange: Exchange) async throws -> Response {
    let wish = try await exchange.requiredDocument(RentRequest.self)
    var disk: LeaseID?
    if let text = wish.disk {
      guard let id = LeaseID(text) else { throw Problem.invalid("disk", "is no lease id") }
      disk = id
    }
    let request = LeaseRequest(
      offer: wish.offer, periods: wish.periods ?? 1, image: wish.image, command: wish.command ?? [],
      environment: wish.env ?? [:], ports: wish.ports ?? [], sshKey: wish.sshKey, disk: disk)
    let record = try await engine.rent(request, body: Self.canonical(request), exchange.caller())
    return lease(record, .created, headers: [.location: link("/v1/leases/\(record.lease.id)")])
  }

  /// The request without what does not matter: the order and spacing of fields, and whether a default was spelt out.
  static func canonical(_ request: LeaseRequest) -> [UInt8] {
    let environment = request.environment.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    return JSON.encode([
      [request.offer, String(request.periods), request.image ?? "", request.sshKey ?? ""],
      [request.disk?.description ?? ""], request.ports.map(String.init(_:)), request.command, environment,
    ])
  }
}
