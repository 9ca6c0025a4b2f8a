import L402
import Macaroons
import NIOHTTP1
import Wire

extension LeaseholdClient {
  typealias Method = HTTPMethod

  /// What the kept credential is and how far it reaches.
  public func introspect(_ lease: String) async throws(ClientError) -> Answer<IntrospectionDocument> {
    try await ask(IntrospectionDocument.self, Call(.GET, "/v1/credential", as: .lease(lease)))
  }

  /// The lease's credentials, by name.
  public func credentials(of lease: String) async throws(ClientError) -> ListDocument<CredentialItem> {
    try await all(path(lease, "/credentials"), as: .lease(lease))
  }

  /// Exchanges the kept credential for one with a later expiry, free of charge.
  public func swap(_ lease: String) async throws(ClientError) -> Answer<MintedCredential> {
    let answer = try await mint(path(lease, "/credential"), lease)
    try keep(answer.document, of: lease)
    return answer
  }

  /// A new credential for us, and all others of the lease revoked.
  public func rotate(_ lease: String) async throws(ClientError) -> Answer<MintedCredential> {
    let answer = try await mint(path(lease, "/credentials/rotate"), lease)
    try keep(answer.document, of: lease)
    return answer
  }

  /// A narrowed credential with a name of its own, to be lent to a friend and revoked alone. It is not kept here.
  public func narrow(
    _ lease: String, caveats: [String]
  ) async throws(ClientError) -> (answer: Answer<MintedCredential>, credential: Credential) {
    let answer = try await ask(
      MintedCredential.self,
      Call(.POST, path(lease, "/credentials"), body: json(NarrowRequest(caveats: caveats)), as: .lease(lease)))
    return (answer, try credential(from: answer.document, of: lease))
  }

  /// Revokes a credential and all that were minted from it.
  public func revoke(_ token: String, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path(lease, "/credentials/\(percentEncoded(token))"), as: .lease(lease))
  }

  /// Swaps a credential that went stale.
  func swap(_ credential: Credential, of lease: String) async throws(ClientError) -> Credential {
    let response = try await transmit(Call(.POST, path(lease, "/credential"), as: .credential(credential)))
    guard (200..<300).contains(response.status.code) else { throw .problem(await Self.problem(of: response)) }
    let minted = try await Self.read(MintedCredential.self, response).document
    guard let macaroon = Macaroon(base64: minted.macaroon),
      let fresh = Credential(macaroon: macaroon, preimage: credential.preimage)
    else { throw .unreadable("the swapped credential does not go with the preimage") }
    if try state.storedLease(lease) != nil { try state.keep(fresh, of: lease, at: server, now: now()) }
    tell(.swapped(lease: lease))
    return fresh
  }

  private func mint(_ path: String, _ lease: String) async throws(ClientError) -> Answer<MintedCredential> {
    try await ask(MintedCredential.self, Call(.POST, path, as: .lease(lease)))
  }

  private func keep(_ minted: MintedCredential, of lease: String) throws(ClientError) {
    try state.keep(credential(from: minted, of: lease), of: lease, at: server, now: now())
  }

  private func credential(from minted: MintedCredential, of lease: String) throws(ClientError) -> Credential {
    guard let kept = try state.storedLease(lease)?.credential else { throw .noCredential(lease: lease) }
    guard let macaroon = Macaroon(base64: minted.macaroon),
      let credential = Credential(macaroon: macaroon, preimage: kept.preimage)
    else { throw .unreadable("the minted credential does not go with the preimage") }
    return credential
  }
}
