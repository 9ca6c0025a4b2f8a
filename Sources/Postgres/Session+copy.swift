import CLibpq

/// Writes the rows of a binary COPY (PostgreSQL manual, COPY, "Binary Format").
///
/// The values of a row must be exactly of the types of its columns: COPY converts nothing.
public struct CopyWriter: ~Copyable {
  private let link: Link
  private let statement: String
  private var writer = ByteWriter()
  /// Rows written so far.
  public private(set) var rows = 0

  /// Sent to libpq in pieces of about this many bytes.
  private static let piece = 1 << 16

  fileprivate init(_ link: Link, _ statement: String) {
    self.link = link
    self.statement = statement
    writer.bytes.reserveCapacity(CopyWriter.piece + 4096)
    writer.write(Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0x00])
    writer.write(Int32(0))
    writer.write(Int32(0))
  }

  public mutating func row<each P: PostgresEncodable>(_ values: repeat each P) throws {
    var fields: Int16 = 0
    for _ in repeat (each P).self { fields += 1 }
    writer.write(fields)
    repeat writer.writeField(each values)
    rows += 1
    if writer.bytes.count >= CopyWriter.piece { try flush() }
  }

  fileprivate mutating func finish() throws {
    writer.write(Int16(-1))
    try flush()
  }

  private mutating func flush() throws {
    let code = writer.bytes.withUnsafeBytes { bytes in
      PQputCopyData(link.raw, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(bytes.count))
    }
    writer.bytes.removeAll(keepingCapacity: true)
    guard code == 1 else { throw link.noting(link.connectionError(statement)) }
    try link.flush(since: .now)
  }
}

extension Session {
  /// Streams rows into a table: the fastest way in, from some thousand rows on.
  /// ```swift
  /// try db.copy("COPY usage_staging (lease, meter, quantity) FROM STDIN (FORMAT binary)") { copy in
  ///   for sample in samples { try copy.row(sample.lease, sample.meter, sample.quantity) }
  /// }
  /// ```
  /// - Returns: how many rows arrived.
  /// - Throws: what `body` threw, after which no row has arrived; what the server refuses, for all rows together.
  @discardableResult
  public func copy(_ statement: String, _ body: (inout CopyWriter) throws -> Void) throws -> Int {
    let started = try link.simple(statement)
    defer { PQclear(started) }
    guard PQresultStatus(started) == PGRES_COPY_IN else {
      throw PostgresError(.misuse, "not a COPY … FROM STDIN", statement: statement)
    }
    var writer = CopyWriter(link, statement)
    do {
      try body(&writer)
      try writer.finish()
    } catch {
      // The server answers with the failure we announce; `error` is the reason.
      if !link.isBroken {
        PQputCopyEnd(link.raw, "given up by the client")
        let began = ContinuousClock.now
        while let result = try link.nextResult(since: began) { PQclear(result) }
      }
      throw error
    }
    PQputCopyEnd(link.raw, nil)
    let good = try link.checked(link.answer(), statement)
    defer { PQclear(good) }
    return affectedRows(good)
  }
}
