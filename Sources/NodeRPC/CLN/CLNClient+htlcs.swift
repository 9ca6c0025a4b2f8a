import Units

extension CLNClient {
  private static let pageLength = 1_000

  private struct Page: Encodable {
    let index = "created"
    var start: Int64
    var limit: Int
  }

  private struct Whole: Encodable {}

  private struct Found: Decodable { var htlcs: [HTLC] }

  private struct HTLC: Decodable {
    enum Direction: String, Decodable { case out, `in` }
    var createdIndex: Int64?
    var direction: Direction
    var paymentHash: Hex32
    var state: String

    /// Nothing is held by it any more, on either side.
    var isOver: Bool { state == "RCVD_REMOVE_ACK_REVOCATION" }
  }

  /// Whether money of ours is on its way under this hash. The node lists every HTLC of channels that are open, those long
  /// over too, so that they are read a thousand at a time.
  func hasHTLC(of paymentHash: [UInt8]) async throws(RPCError) -> Bool {
    func isOnItsWay(_ htlc: HTLC) -> Bool {
      htlc.direction == .out && htlc.paymentHash.bytes == paymentHash && !htlc.isOver
    }
    var start: Int64 = 1
    while true {
      let found: Found
      do throws(RPCError) {
        found = try await call("listhtlcs", Page(start: start, limit: Self.pageLength))
      } catch {
        // Before v25.05 it knows no pages.
        guard error.code == Code.badParameters, start == 1 else { throw error }
        let whole: Found = try await call("listhtlcs", Whole())
        return whole.htlcs.contains(where: isOnItsWay)
      }
      if found.htlcs.contains(where: isOnItsWay) { return true }
      guard found.htlcs.count >= Self.pageLength, let last = found.htlcs.compactMap(\.createdIndex).max() else {
        return false
      }
      guard last >= start else { throw RPCError(.garbage, attempted: "listhtlcs", words: "pages that do not go on") }
      start = last + 1
    }
  }
}
