/// A document whose fields are called in snake case on the wire: the property `paidUntil` is the field `paid_until`.
///
/// ``JSON`` translates the names of a type that says so, and of no other: a dictionary's keys are the renter's own words,
/// and files that were written before keep the names they have.
public protocol SnakeCased: Codable {}

/// How the fields of one type are called on the wire.
enum FieldNames {
  case asDeclared, snakeCase

  init(of type: Any.Type) {
    self = type is any SnakeCased.Type ? .snakeCase : .asDeclared
  }

  func name(of key: some CodingKey) -> String {
    let declared = key.stringValue
    let isUpper: (UInt8) -> Bool = { (0x41...0x5A).contains($0) }
    guard self == .snakeCase, declared.utf8.contains(where: isUpper) else { return declared }
    var name: [UInt8] = []
    name.reserveCapacity(declared.utf8.count + 4)
    for byte in declared.utf8 {
      if isUpper(byte) { name.append(UInt8(ascii: "_")) }
      name.append(isUpper(byte) ? byte + 0x20 : byte)
    }
    return String(decoding: name, as: UTF8.self)
  }
}
