import Engine
import HTTPTypes
import Hummingbird
import L402
import Units
import Wire

extension HTTPAPI {
  var addressEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/leases/{lease}/addresses") { exchange in
        // At most sixteen: a page is all.
        let all = try await engine.addresses.list(of: exchange.lease(), exchange.caller())
        return .json(
          ListDocument(items: all.map { AddressDocument($0) }, nextCursor: nil), headers: [.cacheControl: "no-store"])
      },
      Endpoint(.post, "/v1/leases/{lease}/addresses") { exchange in
        let wish = try await exchange.document(AddressRequest.self)
        var capabilities: Capabilities?
        if let names = wish?.capabilities {
          guard let list = Capabilities(list: names.joined(separator: ",")) else {
            throw Problem.invalid("capabilities", "some of \(Capabilities.all.list)")
          }
          capabilities = list
        }
        let made = try await engine.addresses.make(
          exchange.lease(), capabilities, path: wish?.path, exchange.caller())
        return .json(
          AddressDocument(made.address, at: "\(exchange.base)\(AddressedDoor.base(of: made.secret))/"), .created,
          headers: [.cacheControl: "no-store"])
      },
      Endpoint(.delete, "/v1/leases/{lease}/addresses/{token}") { exchange in
        guard let token = TokenID(hex: exchange.parameter("token")) else {
          throw Refusal.invalidField("token", "no such address of this lease")
        }
        try await engine.addresses.revoke(token, of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
    ]
  }
}

extension AddressDocument {
  init(_ address: LeaseAddress, at place: String? = nil) {
    self.init(
      token: address.token.hex, address: place,
      capabilities: address.capabilities.list.split(separator: ",").map(String.init(_:)), path: address.path,
      createdAt: Timestamp(address.createdAt))
  }
}
