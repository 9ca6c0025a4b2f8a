import Leasing
import Ledger

/// A way of telling the renter. Delivered at least once; `key` is the same each time.
public protocol NoticeChannel: Sendable {
  func deliver(_ notice: Notice, about lease: LeaseID, key: String) async throws
}
