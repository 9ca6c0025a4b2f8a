import Engine
import FoundationEssentials
import L402
import Leasing
import Ledger
import Macaroons
import Postgres
import Text
import Units

// How the engine's values travel to and from PostgreSQL.

extension LeaseID {
  var uuid: UUIDBytes { UUIDBytes(high: high, low: low) }
  init(_ uuid: UUIDBytes) { self.init(high: uuid.high, low: uuid.low) }
}

extension Instant {
  var timestamp: Timestamp { Timestamp(microseconds: microseconds) }
}

extension Row {
  borrowing func instant(_ column: Int) throws -> Instant {
    Instant(microseconds: try timestamp(column))
  }

  borrowing func optionalInstant(_ column: Int) throws -> Instant? {
    isNull(column) ? nil : try instant(column)
  }

  /// A word of an enumeration that the schema holds the column to.
  borrowing func word<Word: RawRepresentable>(_ column: Int, _ what: String) throws -> Word
  where Word.RawValue == String {
    guard let word = Word(rawValue: try string(column)) else { throw StoreError(.invariant, "\(what) is not known") }
    return word
  }

  borrowing func lease(_ column: Int) throws -> LeaseID {
    LeaseID(try uuid(column))
  }

  borrowing func uid(_ column: Int) throws -> UInt32 {
    guard let uid = UInt32(exactly: try int64(column)) else { throw StoreError(.invariant, "a uid has 32 bits") }
    return uid
  }

  borrowing func msat(_ column: Int) throws -> Millisatoshi {
    Millisatoshi(try int64(column))
  }

  borrowing func paymentHash(_ column: Int) throws -> PaymentHash {
    guard let hash = PaymentHash(try bytes(column)) else { throw StoreError(.invariant, "a payment hash is 32 bytes") }
    return hash
  }

  borrowing func token(_ column: Int) throws -> TokenID {
    guard let token = TokenID(try bytes(column)) else { throw StoreError(.invariant, "a token id is 32 bytes") }
    return token
  }

  borrowing func preimage(_ column: Int) throws -> Preimage {
    guard let bytes = Bytes32(try bytes(column)) else { throw StoreError(.invariant, "a preimage is 32 bytes") }
    return Preimage(bytes)
  }

  borrowing func json<T: Decodable>(_ column: Int, _ type: T.Type = T.self) throws -> T {
    try JSON.decode(type, from: try string(column))
  }
}

/// JSON in and out of `jsonb` columns.
enum JSON {
  static func encode(_ value: some Encodable) throws -> JSONB {
    JSONB(String(decoding: try JSONEncoder().encode(value), as: UTF8.self))
  }

  /// What an event has to show, written by hand: every step has some, and for a dictionary Foundation's encoder asks
  /// the runtime at each field which protocols it conforms to.
  static func encode(_ evidence: [String: String]) -> JSONB {
    var text = Array("{".utf8)
    for (name, value) in evidence {
      if text.count > 1 { text.append(UInt8(ascii: ",")) }
      JSONString.append(name, to: &text)
      text.append(UInt8(ascii: ":"))
      JSONString.append(value, to: &text)
    }
    text.append(UInt8(ascii: "}"))
    return JSONB(String(decoding: text, as: UTF8.self))
  }

  static func decode<T: Decodable>(_ type: T.Type, from text: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(text.utf8))
  }
}
