import CLinux
import Engine
import Glibc

extension BtrfsPool {
  /// The subvolume at `path` and all inside it, in the order in which they can be deleted.
  func tree(of path: String) throws(DriverError) -> [UInt64] {
    guard let id = try Subvolume.id(of: path) else { return [] }
    return try Subvolume.descendants(of: id, descriptor()) + [id]
  }

  /// Unlinks the subvolume `name` in `folder` and those inside it.
  func delete(_ name: String, in folder: String, tree: [UInt64]) throws(DriverError) {
    let inner = tree.dropLast()
    if let outer = tree.last, !inner.isEmpty {
      // Names are removed from it, which a read-only or full one refuses.
      let pool = try descriptor()
      try Qgroup.limit(outer, to: nil, pool)
      try Subvolume.setReadOnly("\(folder)/\(name)", false)
      for id in inner {
        try systemCall("delete subvolume \(id)") { clinux_btrfs_subvolume_delete_id(pool.number, id) }
      }
    }
    try Subvolume.delete(name, in: folder)
  }

  /// Returns when the cleaner has freed these subvolumes and their blocks can be let again; removes their qgroups.
  ///
  /// What takes longer is asked for again: whoever waits holds a place that others' disks need.
  func reclaim(_ ids: [UInt64], within limit: Duration = .seconds(20)) async throws(DriverError) {
    guard !ids.isEmpty else { return }
    // A commit makes the deletion last, and wakes the cleaner.
    try await commit()
    let deadline = ContinuousClock.now + limit
    var pause = Duration.milliseconds(2)
    while true {
      if try await BlockingWork.run({ () throws(DriverError) in try !anyTree(of: ids) }) { break }
      guard ContinuousClock.now < deadline else {
        throw DriverError(
          .failed, attempted: "wait for subvolumes \(ids) to be freed", words: "not done after \(limit)")
      }
      guard await Deadlines.shared.wait(pause) else {
        throw DriverError(.failed, attempted: "wait for subvolumes \(ids) to be freed", words: "cancelled")
      }
      pause = min(pause * 2, .milliseconds(50))
    }
    // What the cleaner freed is free, and discarded, once its own transaction has ended.
    try await commit()
    try await BlockingWork.run { () throws(DriverError) in
      let pool = try descriptor()
      for id in ids { try Qgroup.remove(id, pool) }
    }
  }

  private func anyTree(of ids: [UInt64]) throws(DriverError) -> Bool {
    let pool = try descriptor()
    for id in ids {
      let there = try systemCall("look for subvolume \(id)") { clinux_btrfs_subvolume_has_tree(pool.number, id) }
      if there == 1 { return true }
    }
    return false
  }

  func commit() async throws(DriverError) {
    try await BlockingWork.run { () throws(DriverError) in
      let pool = try descriptor()
      try systemCall("commit \(root)") { clinux_btrfs_commit(pool.number) }
    }
  }

  /// How the blocks of a reclaimed volume were erased, once they are free.
  func receipt(for count: Int) async throws(DriverError) -> ErasureReceipt {
    let deleted = count == 1 ? "subvolume deleted and freed" : "\(count) subvolumes deleted and freed"
    if discards, let loop {
      return ErasureReceipt(
        method: .discarded,
        detail: "\(deleted); its blocks were punched out of \(loop.image); not overwritten on the device below")
    }
    if discards {
      return ErasureReceipt(method: .discarded, detail: "\(deleted); \(root) is mounted with discard; not overwritten")
    }
    return try await BlockingWork.run { () throws(DriverError) in
      let pool = try descriptor()
      var bytes: UInt64 = 0
      let trimmed = clinux_trim(pool.number, &bytes) == 0
      return ErasureReceipt(
        method: .discarded,
        detail: trimmed
          ? "\(deleted); all free space of \(root) was trimmed; not overwritten"
          : "\(deleted); the device below \(root) cannot discard: the blocks are unmapped, not overwritten")
    }
  }
}
