import CLibpq

/// The values of one statement, already in binary.
///
/// The calls that take values directly build one of these; write it out where the number of values is not known
/// when the code is written, or where they must outlive the call (batches, `Pool.read`).
public struct Parameters: Sendable {
  private var writer = ByteWriter()
  private(set) var types: [Oid] = []
  /// Length of each value; −1 for NULL.
  private var lengths: [Int32] = []

  public init() {}

  public init<each P: PostgresEncodable>(_ values: repeat each P) {
    repeat append(each values)
  }

  public var count: Int { types.count }

  public mutating func append<P: PostgresEncodable>(_ value: P) {
    types.append(P.postgresType.oid)
    if value.isNull {
      lengths.append(-1)
      return
    }
    let start = writer.bytes.count
    value.encode(into: &writer)
    lengths.append(Int32(writer.bytes.count - start))
  }

  /// Forgets the values and keeps the memory.
  mutating func removeAll() {
    writer.bytes.removeAll(keepingCapacity: true)
    types.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
  }

  /// The arrays of `PQexecPrepared`: values, lengths, formats (all binary).
  func withPointers<R>(
    _ body: (
      UnsafeMutablePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?
    ) throws -> R
  ) rethrows -> R {
    if types.isEmpty { return try body(nil, nil, nil) }
    return try writer.bytes.withUnsafeBufferPointer { bytes in
      try lengths.withUnsafeBufferPointer { lengths in
        try withUnsafeTemporaryAllocation(of: UnsafePointer<CChar>?.self, capacity: lengths.count) { values in
          try withUnsafeTemporaryAllocation(of: Int32.self, capacity: lengths.count) { formats in
            // A value of no bytes still needs an address: null would mean NULL. It is not read from.
            let base = bytes.baseAddress.map { UnsafeRawPointer($0) } ?? UnsafeRawPointer(lengths.baseAddress)
            var offset = 0
            for index in 0..<lengths.count {
              formats.initializeElement(at: index, to: 1)
              if lengths[index] < 0 {
                values.initializeElement(at: index, to: nil)
              } else {
                values.initializeElement(
                  at: index, to: base?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
                offset += Int(lengths[index])
              }
            }
            return try body(values.baseAddress, lengths.baseAddress, formats.baseAddress)
          }
        }
      }
    }
  }
}
