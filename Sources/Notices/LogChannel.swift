import Engine
import Leasing
import Ledger
import Logging

/// Writes notices to the provider's log. The renter reads them in the lease's event feed, where they are recorded by
/// the step that decided them; this channel is the provider's copy.
public struct LogChannel: NoticeChannel {
  private let log: Logger

  public init(log: Logger) {
    self.log = log
  }

  public func deliver(_ notice: Notice, about lease: LeaseID, key: String) async throws {
    log.info(
      "notice",
      metadata: [
        "lease": "\(lease)", "kind": "\(notice.kind.rawValue)", "deadline": "\(notice.deadline.unixSeconds)",
        "msat": "\(notice.amount?.count ?? 0)",
      ])
  }
}
