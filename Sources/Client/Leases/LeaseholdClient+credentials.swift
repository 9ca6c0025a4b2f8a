import L402
import Macaroons
import NIOHTTP1
import Text
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
    let path = path(lease, "/credential")
    do throws(ClientError) {
      return try await exchange(lease, path)
    } catch {
      guard case .problem(let problem) = error, problem.code == "credential-revoked",
        try await resumeRotation(of: lease) != nil
      else { throw error }
      return try await exchange(lease, path)
    }
  }

  /// A new credential for us, and all others of the lease revoked: the one that is shown, too. The key is on disk before
  /// it is sent, so that a run that died before it had the answer is told it again.
  public func rotate(_ lease: String) async throws(ClientError) -> Answer<MintedCredential> {
    let path = path(lease, "/credentials/rotate")
    let turn = try await state.turn(of: .credential, lease)
    defer { withExtendedLifetime(turn) {} }
    let wish = try state.beginWish(at: server, path: path, [])
    let answer = try await exchangeInTurn(lease, path, headers: [("Idempotency-Key", wish.key)])
    try state.finish(wish)
    return answer
  }

  /// Ends a rotation of which a run that died had no answer: the credential that is kept is revoked by it.
  ///
  /// - Returns: what is kept then; nil where none was begun.
  func resumeRotation(of lease: String) async throws(ClientError) -> Credential? {
    guard try state.hasWish(at: server, path: path(lease, "/credentials/rotate"), []) else { return nil }
    _ = try await rotate(lease)
    return try kept(lease)?.credential
  }

  /// Exchanges the kept credential, alone: what two runs were given would end each other.
  private func exchange(
    _ lease: String, _ path: String
  ) async throws(ClientError) -> Answer<MintedCredential> {
    let turn = try await state.turn(of: .credential, lease)
    defer { withExtendedLifetime(turn) {} }
    return try await exchangeInTurn(lease, path, headers: [])
  }

  private func exchangeInTurn(
    _ lease: String, _ path: String, headers: [(String, String)]
  ) async throws(ClientError) -> Answer<MintedCredential> {
    guard let kept = try kept(lease)?.credential else { throw .noCredential(lease: lease) }
    // As a line: what is refused here is not exchanged to be asked again.
    let answer = try await ask(
      MintedCredential.self, Call(.POST, path, headers: headers, as: .line(kept.authorization)))
    try state.exchange(kept, for: fresh(answer.document, kept), of: lease, at: server)
    return answer
  }

  /// A narrowed credential with a name of its own, to be lent to a friend and revoked alone. It is not kept here.
  public func narrow(
    _ lease: String, caveats: [String]
  ) async throws(ClientError) -> (answer: Answer<MintedCredential>, credential: Credential) {
    let answer = try await ask(
      MintedCredential.self,
      Call(.POST, path(lease, "/credentials"), body: json(NarrowRequest(caveats: caveats)), as: .lease(lease)))
    guard let kept = try kept(lease)?.credential else { throw .noCredential(lease: lease) }
    return (answer, try fresh(answer.document, kept))
  }

  /// A narrowed credential as a user name and a password, for WebDAV clients that can give nothing else. Revoked by its
  /// name (`token`) like any other; not kept here.
  public func password(_ lease: String, caveats: [String]) async throws(ClientError) -> Answer<MintedCredential> {
    try await ask(
      MintedCredential.self,
      Call(
        .POST, path(lease, "/credentials"), body: json(NarrowRequest(caveats: caveats, password: true)),
        as: .lease(lease)))
  }

  /// Revokes a credential and all that were minted from it.
  public func revoke(_ token: String, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path(lease, "/credentials/\(PercentCoding.encode(token))"), as: .lease(lease))
  }

  /// Makes an address of the lease, for clients that drop their credential at a `402` and ask again as strangers. It is
  /// a secret, and told once.
  ///
  /// - Parameters:
  ///   - capabilities: what is bought there may do at the most; `nil`: use the lease, and pay for it.
  ///   - place: a file or folder that it is narrowed to.
  public func makeAddress(
    of lease: String, capabilities: [String]? = nil, path place: String? = nil
  ) async throws(ClientError) -> Answer<AddressDocument> {
    let wish = AddressRequest(capabilities: capabilities, path: place)
    return try await ask(
      AddressDocument.self, Call(.POST, path(lease, "/addresses"), body: json(wish), as: .lease(lease)))
  }

  /// The lease's addresses, without what is secret of them.
  public func addresses(of lease: String) async throws(ClientError) -> Answer<ListDocument<AddressDocument>> {
    try await ask(ListDocument<AddressDocument>.self, Call(.GET, path(lease, "/addresses"), as: .lease(lease)))
  }

  /// Revokes an address, and every credential that was bought there.
  public func revokeAddress(_ token: String, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path(lease, "/addresses/\(PercentCoding.encode(token))"), as: .lease(lease))
  }

  /// Names where the renter wants to be told what will happen to the lease. What webhooks are signed with is told to who
  /// names one.
  public func addContact(
    _ contact: ContactRequest, to lease: String
  ) async throws(ClientError) -> Answer<ContactDocument> {
    try await ask(
      ContactDocument.self, Call(.POST, path(lease, "/contacts"), body: json(contact), as: .lease(lease)))
  }

  /// Where the renter is told, masked.
  public func contacts(of lease: String) async throws(ClientError) -> Answer<ListDocument<ContactDocument>> {
    try await ask(ListDocument<ContactDocument>.self, Call(.GET, path(lease, "/contacts"), as: .lease(lease)))
  }

  /// Takes a contact away, with everything that is on its way there.
  public func removeContact(_ contact: String, of lease: String) async throws(ClientError) {
    try await command(.DELETE, path(lease, "/contacts/\(PercentCoding.encode(contact))"), as: .lease(lease))
  }

  /// Lets a wallet be asked for renewals, within a budget.
  public func setWallet(
    of lease: String, _ wish: WalletGrantRequest
  ) async throws(ClientError) -> Answer<WalletGrantDocument> {
    try await ask(WalletGrantDocument.self, Call(.PUT, path(lease, "/wallet"), body: json(wish), as: .lease(lease)))
  }

  /// Which wallet is asked, without what is secret of it.
  public func wallet(of lease: String) async throws(ClientError) -> Answer<WalletGrantDocument> {
    try await ask(WalletGrantDocument.self, Call(.GET, path(lease, "/wallet"), as: .lease(lease)))
  }

  /// No wallet is asked any more.
  public func endWallet(of lease: String) async throws(ClientError) {
    try await command(.DELETE, path(lease, "/wallet"), as: .lease(lease))
  }

  /// The containers a disk is or was in, or the disk of a container.
  public func attachments(of lease: String) async throws(ClientError) -> Answer<ListDocument<AttachmentItem>> {
    try await ask(ListDocument<AttachmentItem>.self, Call(.GET, path(lease, "/attachments"), as: .lease(lease)))
  }

  /// Ends the attachment with another lease, or every one. A container that had a disk is started again without it.
  public func endAttachments(of lease: String, with other: String? = nil) async throws(ClientError) {
    let one = other.map { "/\(PercentCoding.encode($0))" } ?? ""
    try await command(.DELETE, path(lease, "/attachments\(one)"), as: .lease(lease))
  }

  /// Swaps a credential that went stale. Where another run of ours was quicker, what it was given serves.
  func swap(_ credential: Credential, of lease: String) async throws(ClientError) -> Credential {
    let turn = try await state.turn(of: .credential, lease)
    defer { withExtendedLifetime(turn) {} }
    let kept = try kept(lease)?.credential
    if let kept, kept != credential, kept.capabilities.isSuperset(of: credential.capabilities) { return kept }
    let response = try await transmit(Call(.POST, path(lease, "/credential"), as: .credential(credential)))
    guard (200..<300).contains(response.status.code) else { throw .problem(await Self.problem(of: response)) }
    let minted = try fresh(try await Self.read(MintedCredential.self, response).document, credential)
    if kept != nil { try state.exchange(credential, for: minted, of: lease, at: server) }
    tell(.swapped(lease: lease))
    return minted
  }

  /// What was minted goes with the preimage of what was shown.
  private func fresh(_ minted: MintedCredential, _ shown: Credential) throws(ClientError) -> Credential {
    guard let macaroon = Macaroon(base64: minted.macaroon),
      let credential = Credential(macaroon: macaroon, preimage: shown.preimage)
    else { throw .unreadable("the minted credential does not go with the preimage") }
    return credential
  }
}
