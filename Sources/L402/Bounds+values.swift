import Macaroons

extension Bounds {
  /// `leasehold:<tier>`, and no other service beside it.
  static func tier(_ value: UnsafeBufferPointer<UInt8>) throws(CredentialRefusal) -> Int {
    let name: StaticString = "leasehold:"
    guard value.begins(with: name) else { throw .malformedCaveat(.services) }
    return Int(try number(UnsafeBufferPointer(rebasing: value[name.utf8CodeUnitCount...]), .services))
  }

  /// Decimal digits in their shortest spelling, up to `Int64.max`.
  static func number(
    _ digits: UnsafeBufferPointer<UInt8>, _ condition: Condition
  ) throws(CredentialRefusal) -> Int64 {
    guard let first = digits.first, first != UInt8(ascii: "0") || digits.count == 1 else {
      throw .malformedCaveat(condition)
    }
    var value: Int64 = 0
    for digit in digits {
      guard digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") else { throw .malformedCaveat(condition) }
      let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = tens.addingReportingOverflow(Int64(digit - UInt8(ascii: "0")))
      guard !overflow, !carry else { throw .malformedCaveat(condition) }
      value = sum
    }
    return value
  }

  /// Letters, digits and hyphens, 1 to 63 of them.
  static func checkVariant(_ value: UnsafeBufferPointer<UInt8>) throws(CredentialRefusal) {
    let sound = value.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
        true
      default: false
      }
    }
    guard sound, (1...63).contains(value.count) else { throw .malformedCaveat(.variant) }
  }

  static func path(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> ResourcePath {
    do throws(ResourcePath.Fault) {
      return try ResourcePath(encodedBytes: value)
    } catch {
      throw .malformedCaveat(.path)
    }
  }

  static func methods(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> [String] {
    var methods: [String] = []
    for name in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      let sound = name.allSatisfy { $0 == UInt8(ascii: "-") || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
      guard !name.isEmpty, sound else { throw .malformedCaveat(.method) }
      methods.append(String(decoding: name, as: UTF8.self))
    }
    return methods
  }

  /// Numbers from 1 to 65,535 by commas.
  static func ports(_ value: UnsafeBufferPointer<UInt8>) throws(CredentialRefusal) -> [UInt16] {
    var ports: [UInt16] = []
    for digits in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let port = UInt16(exactly: try number(UnsafeBufferPointer(rebasing: digits), .port)), port > 0 else {
        throw .malformedCaveat(.port)
      }
      ports.append(port)
    }
    return ports
  }

  static func ranges(_ value: ArraySlice<UInt8>) throws(CredentialRefusal) -> [AddressRange] {
    var ranges: [AddressRange] = []
    for text in value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let range = AddressRange(String(decoding: text, as: UTF8.self)) else { throw .malformedCaveat(.source) }
      ranges.append(range)
    }
    return ranges
  }
}
