import ArgumentParser
import Client
import Wire

extension AdminCommand {
  struct Waitlist: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "waitlist", abstract: "Who waits for places of full offers, in order.")
    @OptionGroup var options: GlobalOptions
    @OptionGroup var admin: AdminOptions

    func run() async throws {
      try await Session.run(options) { session in
        let answer = try await AdminClient(session.client, token: admin.token(for: session)).waitlist()
        session.put(answer) { list in
          guard !list.items.isEmpty else { return "nobody waits\n" }
          var table = Table("OFFER", "POSITION", "STATE", "JOINED", "UNTIL", "LEASE")
          for item in list.items {
            table.add([
              item.offer, item.position.map { "\($0)" } ?? "-", item.state,
              Human.relative(item.joinedAt, to: session.now),
              Human.relative(item.offeredUntil ?? item.expiresAt, to: session.now), item.lease ?? "-",
            ])
          }
          return table.text
        }
      }
    }
  }
}

extension RentCommand {
  /// Rents, and where nothing is free waits in the queue until it is this renter's turn. Run again it joins anew: who
  /// must not lose a place keeps it running.
  func rentInTurn(_ request: RentRequest, _ session: Session) async throws -> Answer<LeaseDocument> {
    do throws(ClientError) {
      return try await session.client.rent(request, limit: payment.limit, name: name)
    } catch {
      guard wait, error.saysWhereToWait else { throw error }
    }
    var inTurn = request
    inTurn.waitlist = try await waitForPlace(request, session)
    return try await session.client.rent(inTurn, limit: payment.limit, name: name)
  }

  /// - Returns: the ticket of an entry that a place is held for.
  private func waitForPlace(_ request: RentRequest, _ session: Session) async throws -> String {
    var joining = request
    // Whoever has to be asked first is named with the purchase.
    joining.contacts = request.contacts?.filter { $0.webhook != nil }
    if joining.contacts?.count ?? 0 > 2 { joining.contacts = joining.contacts.map { Array($0.prefix(2)) } }
    let joined = try await session.client.joinWaitlist(joining).document
    guard let ticket = joined.ticket else { throw ClientError.unreadable("no ticket") }
    var position: Int64?
    while let entry = try await session.client.waitlistEntry(ticket) {
      guard entry.state == "waiting" else { throw Complaint.failed("the place in the queue is over: \(entry.state)") }
      if entry.position != position, !session.isQuiet {
        Terminal.remark("nothing is free; number \(entry.position ?? 0) in the queue")
      }
      position = entry.position
      try await Task.sleep(for: .seconds(2))
    }
    if !session.isQuiet { Terminal.remark("a place is held") }
    return ticket
  }
}

extension ClientError {
  /// All is taken, and there is a queue for it.
  fileprivate var saysWhereToWait: Bool {
    if case .problem(let problem) = self { problem.links?["waitlist"] != nil } else { false }
  }
}
