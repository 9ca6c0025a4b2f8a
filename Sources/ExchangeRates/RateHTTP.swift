import AsyncHTTPClient
import Engine
import NIOCore
import Units

/// Asks an address, bounded in every way. No redirect is followed: who was named answers, or nobody.
final class RateHTTP: Sendable {
  private let limits: ReadingLimits
  private let client: HTTPClient

  init(_ limits: ReadingLimits) {
    self.limits = limits
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(limits.connect.count)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }

  deinit {
    // It closes idle connections in the background; there is nothing to be done about one that does not close.
    client.shutdown { _ in }
  }

  func get(_ address: RateAddress) async throws(ReadingFault) -> [UInt8] {
    let outcome = await withTaskGroup(of: Result<[UInt8], ReadingFault>?.self) { group in
      group.addTask { [self] in await answer(of: address) }
      group.addTask { [limits] in
        // Cut short when the answer is there.
        _ = await Deadlines.shared.wait(.seconds(limits.answer.count))
        return .failure(ReadingFault("no whole answer within \(limits.answer.count) s"))
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
    guard let outcome else { throw ReadingFault("nobody asked") }
    return try outcome.get()
  }

  private func answer(of address: RateAddress) async -> Result<[UInt8], ReadingFault> {
    do {
      var request = HTTPClientRequest(url: address.text)
      request.headers.add(name: "Accept", value: "application/json, text/plain")
      request.headers.add(name: "User-Agent", value: "leasehold")
      let response = try await client.execute(request, deadline: .distantFuture)
      guard response.status == .ok else { return .failure(ReadingFault("HTTP status \(response.status.code)")) }
      let body = try await response.body.collect(upTo: limits.bytes)
      return .success(Array(buffer: body))
    } catch is NIOTooManyBytesError {
      return .failure(ReadingFault("the answer is over \(limits.bytes) bytes"))
    } catch let error as HTTPClientError {
      return .failure(ReadingFault("the connection failed: \(error.shortDescription)"))
    } catch {
      // Its own words may quote the address, and with it a key.
      return .failure(ReadingFault("the connection failed: \(type(of: error))"))
    }
  }
}
