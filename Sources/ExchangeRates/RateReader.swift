import Engine
import Units
import Wire

/// Reads a rate from an address or a file: a number by itself, or one in a JSON text.
///
/// Nothing that is read can do more than be refused: it is bounded in size and time, its number is taken from its digits,
/// and what is no rate is said in words that hold neither a path nor a query.
public final class RateReader: ExchangeRateSource {
  public enum Place: Hashable, Sendable {
    /// Over HTTP.
    case address(RateAddress)
    /// To be replaced as a whole, by renaming another over it: what is half written may be read.
    case file(String)
  }

  public let currency: Currency
  public let name: String
  private let place: Place
  private let pointer: JSONPointer?
  private let limits: ReadingLimits
  private let http: RateHTTP?

  /// - Parameters:
  ///   - pointer: where in a JSON text the number stands; `nil`: the number is all there is.
  ///   - name: shown to renters; by default the address's host, or `file`.
  public init(
    _ currency: Currency, from place: Place, at pointer: JSONPointer?, name: String? = nil,
    limits: ReadingLimits = ReadingLimits()
  ) {
    self.currency = currency
    self.place = place
    self.pointer = pointer
    self.limits = limits
    switch place {
    case .address(let address):
      self.name = name ?? address.host
      http = RateHTTP(limits)
    case .file:
      self.name = name ?? "file"
      http = nil
    }
  }

  public func read(at now: Instant) async throws(ExchangeRateError) -> ExchangeRate {
    do throws(ReadingFault) {
      let (bytes, at) = try await bytes(at: now)
      let number = try number(in: bytes)
      guard let rate = ExchangeRate(currency, perBitcoin: number, source: name, readAt: at) else {
        let bounds = ExchangeRate.bounds
        throw ReadingFault(
          "\(number) \(currency.rawValue) for a bitcoin is no rate: expected \(bounds.lowerBound) to \(bounds.upperBound)"
        )
      }
      return rate
    } catch {
      throw ExchangeRateError(name, error.words)
    }
  }

  private func bytes(at now: Instant) async throws(ReadingFault) -> (bytes: [UInt8], at: Instant) {
    switch place {
    case .address(let address):
      guard let http else { throw ReadingFault("it was not opened") }
      return (try await http.get(address), now)
    case .file(let path):
      return try RateFile(path: path).read(at: now, limits)
    }
  }

  private func number(in bytes: [UInt8]) throws(ReadingFault) -> FixedDecimal {
    var text: String
    if let pointer {
      do throws(JSONFault) {
        text = try pointer.numberText(in: bytes)
      } catch {
        switch error {
        case .malformed(let offset): throw ReadingFault("the answer is not JSON at byte \(offset)")
        case .field(let field, let words): throw ReadingFault("\(field.isEmpty ? "the answer" : field) \(words)")
        }
      }
    } else {
      text = String(decoding: bytes.prefix(256), as: UTF8.self)
      while text.last?.isWhitespace ?? false { text.removeLast() }
      while text.first?.isWhitespace ?? false { text.removeFirst() }
      guard bytes.count <= 256 else { throw ReadingFault("expected a number and nothing else, or name a pointer") }
    }
    do throws(FixedDecimal.Fault) {
      return try FixedDecimal(roundingDown: text)
    } catch {
      throw ReadingFault("what stands for the rate \(error.rawValue)")
    }
  }
}

/// How long a source may take, and how much it may say.
public struct ReadingLimits: Hashable, Sendable {
  public var connect: Seconds
  /// For a whole answer.
  public var answer: Seconds
  /// Of an answer, or of a file.
  public var bytes: Int

  public init(connect: Seconds = 5, answer: Seconds = 10, bytes: Int = 1 << 20) {
    self.connect = connect
    self.answer = answer
    self.bytes = bytes
  }
}

/// Why a reading came to nothing, in words without a path or a query.
struct ReadingFault: Error, Hashable {
  var words: String
  init(_ words: String) { self.words = words }
}
