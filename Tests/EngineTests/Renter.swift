import Engine
import Foundation
import L402
import Ledger
import Lightning
import Macaroons
import Synchronization
import Testing
import Units

/// Somebody with a wallet. Survives every daemon, and remembers what was paid.
final class Renter: Sendable {
  struct Payment: Sendable {
    var macaroon: Macaroon
    var preimage: Preimage
    var amount: Millisatoshi
    var hash: PaymentHash
  }

  private let platform: Platform
  private let address: String
  private let payments = Locked<[Payment]>([])
  private let requests = Locked<Int>(0)
  private let name = UUID().uuidString

  init(_ platform: Platform, address: String = "203.0.113.7") {
    self.platform = platform
    self.address = address
  }

  var quoteEngine: Engine { platform.engine }
  var paid: [Payment] { payments.withLock { $0 } }

  func caller(
    _ authorization: String? = nil, method: String = "POST", key: String? = nil, request: String? = nil
  ) -> Caller {
    let number = requests.withLock { count in
      count += 1
      return count
    }
    return Caller(
      authorization: authorization.map { [$0] } ?? [], method: method, address: IPAddress(address),
      addressText: address, idempotencyKey: key, requestID: request ?? "\(name)-\(number)")
  }

  static let request = LeaseRequest(offer: "disk")
  static let body = Array(#"{"offer":"disk"}"#.utf8)

  /// Asks for something that costs; returns the demand.
  func demand<T>(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> T
  ) async throws -> PaymentDemand {
    do {
      if let answer = try await body() as? any MayAskForMoney, let demand = answer.demand { return demand }
    } catch let asked as PaymentAsked {
      return asked.demand
    }
    Issue.record("no payment was asked for", sourceLocation: sourceLocation)
    throw CancellationError()
  }

  func quote(
    _ offer: String = "disk", periods: Int64 = 1, engine: Engine? = nil, key: String? = nil
  ) async throws -> PaymentDemand {
    let engine = engine ?? platform.engine
    return try await demand {
      try await engine.rent(
        LeaseRequest(offer: offer, periods: periods), body: Array("\(offer)/\(periods)".utf8), caller(key: key))
    }
  }

  /// Pays at the node; the credential that comes of it.
  @discardableResult
  func pay(_ demand: PaymentDemand) async throws -> String {
    let preimage = try await platform.node.payOwn(demand.challenge.invoice)
    let payment = Payment(
      macaroon: demand.challenge.macaroon, preimage: preimage, amount: demand.amount, hash: demand.paymentHash)
    payments.withLock { payments in
      if !payments.contains(where: { $0.hash == payment.hash }) { payments.append(payment) }
    }
    return try credential(demand.challenge.macaroon, preimage)
  }

  func credential(_ macaroon: Macaroon, _ preimage: Preimage) throws -> String {
    try PresentedCredential(macaroon: macaroon, preimage: preimage).authorization
  }

  /// Rents and pays, and waits for it to be made.
  func rent(
    _ offer: String = "disk", periods: Int64 = 1, engine: Engine? = nil
  ) async throws -> (id: LeaseID, credential: String) {
    let demand = try await quote(offer, periods: periods, engine: engine)
    let credential = try await pay(demand)
    _ = try await (engine ?? platform.engine).rent(
      LeaseRequest(offer: offer, periods: periods), body: Array("\(offer)/\(periods)".utf8), caller(credential)
    ).bought
    try await platform.settle(engine)
    return (demand.lease, credential)
  }

  /// A lease given back at once: its 3,600 sat are credit.
  func credited() async throws -> (id: LeaseID, credential: String) {
    let (id, credential) = try await rent()
    _ = try await platform.engine.release(id, caller(credential, method: "DELETE"))
    try await platform.settle()
    #expect(try await platform.lease(id).account.credit == 3_600_000)
    return (id, credential)
  }

  @discardableResult
  func open(
    _ id: LeaseID, _ credential: String?, _ capability: Capabilities = .write, path: String = "/a",
    method: String = "PUT",
    engine: Engine? = nil
  ) async throws -> any Admission {
    try await (engine ?? platform.engine).doors.admit(
      capability, to: id, kind: .disk, path: try ResourcePath(encoded: path), caller(credential, method: method)
    ).opened.0
  }
}

/// What a use case answers where it may cost something.
protocol MayAskForMoney {
  /// What is to be paid first; `nil`: nothing.
  var demand: PaymentDemand? { get }
}

/// Thrown by tests that wanted something and were asked for money.
struct PaymentAsked: Error {
  var demand: PaymentDemand
}

extension Sold: MayAskForMoney {
  var demand: PaymentDemand? { if case .pay(let demand) = self { demand } else { nil } }
  var bought: LeaseRecord {
    get throws {
      switch self {
      case .lease(let record): return record
      case .pay(let demand): throw PaymentAsked(demand: demand)
      }
    }
  }
}

extension Opened: MayAskForMoney {
  var demand: PaymentDemand? { if case .pay(let demand) = self { demand } else { nil } }
  var opened: (any Admission, Thing) {
    get throws {
      switch self {
      case .serves(let admission, let thing): return (admission, thing)
      case .pay(let demand): throw PaymentAsked(demand: demand)
      }
    }
  }
}

/// A lock around a value, for tests.
final class Locked<Value: Sendable>: Sendable {
  private let value: Mutex<Value>
  init(_ value: Value) { self.value = Mutex(value) }
  func withLock<T: Sendable>(_ body: (inout Value) -> T) -> T { value.withLock { body(&$0) } }
}

/// Removed when the test is over.
final class TemporaryDirectory: Sendable {
  let path = FileManager.default.temporaryDirectory.path + "/leasehold-engine-\(UUID().uuidString)"
  deinit {
    try? FileManager.default.removeItem(atPath: path)  // It may never have been made.
  }
}

/// What a use case refused, in a word that a test can compare.
func refusal<T>(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> T
) async -> String {
  do {
    let answer = try await body() as? any MayAskForMoney
    return answer?.demand == nil ? "nothing" : "402"
  } catch is PaymentAsked {
    return "402"
  } catch let refusal as Refusal {
    return refusal.word
  } catch {
    return "\(error)"
  }
}

extension Refusal {
  var word: String {
    switch self {
    case .unknownOffer: "unknown-offer"
    case .unknownLease: "unknown-lease"
    case .full(let offer): "full \(offer)"
    case .unknownWaitlistEntry: "unknown-waitlist-entry"
    case .unknownPayment: "unknown-payment"
    case .invalidField(let field, _): "invalid-field \(field)"
    case .leaseClosed: "lease-closed"
    case .noCapacity: "no-capacity"
    case .idempotencyConflict: "idempotency-conflict"
    case .unauthorized(let reason, _): "401 \(reason)"
    case .forbidden(let reason, _): "403 \(reason)"
    case .tooManyRequests, .tooManyAtOnce: "429"
    case .unavailable: "503"
    case .invoiceRefused(let code, _): "422 \(code)"
    case .noExchangeRate: "503 exchange-rate-unavailable"
    case .conflict(let code, _): "409 \(code)"
    case .unanswered(let code, _): "502 \(code)"
    }
  }
}
