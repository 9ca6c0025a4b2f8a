import L402
import Macaroons
import Units
import Wire

/// What a keeper did for one lease. Outlives the program.
struct AutopayRecord: Hashable, Sendable, Codable {
  /// The renewal that was begun and whose end is not known.
  struct Attempt: Hashable, Sendable, Codable {
    var period: String
    var periods: Int64
    /// The same for every try, so that the server knows it again.
    var idempotencyKey: String
    var paidUntil: Timestamp?
  }

  var lease: String
  var server: String
  var renewals: Int64 = 0
  var periods: Int64 = 0
  var spentMsat: Int64 = 0
  /// The period that was renewed last.
  var renewedFor: String?
  var attempt: Attempt?

  init(lease: String, server: ServerAddress) {
    self.lease = lease
    self.server = server.description
  }

  /// Begins a renewal, or goes on with the one that was begun.
  mutating func begin(_ period: String, periods: Int64, paidUntil: Timestamp?) -> Attempt {
    if let attempt, attempt.period == period { return attempt }
    // Random rather than made from the lease and its time: who knows both must not be able to guess it.
    let key = Bytes32.random().hex.prefix(32).description
    let attempt = Attempt(period: period, periods: periods, idempotencyKey: key, paidUntil: paidUntil)
    self.attempt = attempt
    return attempt
  }

  mutating func complete(_ attempt: Attempt, msat: Int64) {
    renewals += 1
    periods += attempt.periods
    spentMsat += msat
    renewedFor = attempt.period
    self.attempt = nil
  }

  mutating func startOver() {
    renewals = 0
    periods = 0
    spentMsat = 0
  }
}

extension StateDirectory {
  func autopayRecord(of lease: String, at server: ServerAddress) throws(ClientError) -> AutopayRecord {
    try document(AutopayRecord.self, at: autopayFile(of: lease)) ?? AutopayRecord(lease: lease, server: server)
  }

  /// - Precondition: the lease's turn is held.
  func save(_ record: AutopayRecord) throws(ClientError) {
    guard Self.isLeaseID(record.lease) else { throw .unreadable("a lease's id is 26 letters and digits") }
    try DurableFile.makeFolder(path + "/autopay")
    try DurableFile.write(JSON.encode(record), to: autopayFile(of: record.lease))
  }

  func autopayFile(of lease: String) -> String { "\(path)/autopay/\(lease).json" }
}
