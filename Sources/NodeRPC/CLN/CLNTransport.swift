import Synchronization
import Units

/// The two ways to Core Lightning's methods.
protocol CLNTransport: Sendable {
  /// - Parameter apart: whether it may take so long that it gets a connection of its own.
  func call<Result: Decodable & Sendable>(
    _ method: String, _ parameters: some Encodable & Sendable, within limit: Seconds, apart: Bool
  ) async throws(RPCError) -> Result
}

/// What Core Lightning says instead of a result.
struct CLNFault: Decodable {
  /// Missing where clnrest itself failed, because it did not reach the node.
  var code: Int?
  var message: String
}

/// JSON-RPC over the node's socket, which its mode alone protects.
final class CLNSocket: CLNTransport {
  private struct Request<Parameters: Encodable>: Encodable {
    let jsonrpc = "2.0"
    let id: String
    let method: String
    let params: Parameters
  }

  private struct Reply<Result: Decodable>: Decodable {
    var result: Result?
    var error: CLNFault?
  }

  private struct State {
    var connection: JSONRPCConnection?
    var lastID: UInt64 = 0
  }

  private let path: String
  private let limits: RPCLimits
  private let state = Mutex(State())

  init(path: String, limits: RPCLimits) {
    self.path = path
    self.limits = limits
  }

  func call<Result: Decodable & Sendable>(
    _ method: String, _ parameters: some Encodable & Sendable, within limit: Seconds, apart: Bool
  ) async throws(RPCError) -> Result {
    let id = state.withLock { state in
      state.lastID += 1
      return "leasehold-\(state.lastID)"
    }
    let request = try Answer.write(Request(id: id, method: method, params: parameters), method)
    let bytes = try await withDeadline(limit, method) { [self] in
      let connection = try await connection(apart: apart, method)
      defer { if apart { connection.close() } }
      return try await connection.call(request, id: id, attempted: method)
    }
    let reply = try Answer.read(bytes, method, as: Reply<Result>.self)
    if let fault = reply.error {
      guard let code = fault.code else {
        throw RPCError(.garbage, attempted: method, words: "an error without its code")
      }
      throw RPCError(.refused(code: code), attempted: method, words: RPCError.plain(fault.message))
    }
    guard let result = reply.result else {
      throw RPCError(.garbage, attempted: method, words: "neither a result nor an error")
    }
    return result
  }

  private func connection(apart: Bool, _ method: String) async throws(RPCError) -> JSONRPCConnection {
    if !apart, let connection = state.withLock({ $0.connection }), connection.isOpen { return connection }
    let opened = try await JSONRPCConnection.open(path, limits: limits, attempted: method)
    guard !apart else { return opened }
    return state.withLock { state in
      // Somebody else may have been quicker; then this one closes as it goes out of sight.
      if let other = state.connection, other.isOpen { return other }
      state.connection = opened
      return opened
    }
  }
}

/// `POST /v1/{method}`, let in by a rune.
final class CLNREST: CLNTransport {
  private let http: NodeHTTP

  init(_ address: NodeAddress, rune: NodeSecret, limits: RPCLimits) throws(RPCError) {
    http = try NodeHTTP(address, headers: [("Rune", rune)], limits: limits)
  }

  func call<Result: Decodable & Sendable>(
    _ method: String, _ parameters: some Encodable & Sendable, within limit: Seconds, apart: Bool
  ) async throws(RPCError) -> Result {
    let body = try Answer.write(parameters, method)
    let answer = try await http.send(.POST, "/v1/\(method)", .json(body), attempted: method, within: limit)
    if (200..<300).contains(answer.status) { return try Answer.read(answer.body, method) }
    // Methods answer their own errors with 500, an unknown method with 404, a rune that does not do with 401 or 403; the
    // body is the error of the socket. A proxy in between writes none, and then the status says enough.
    guard let fault = try? Answer.read(answer.body, method, as: CLNFault.self),
      fault.code != nil || answer.status == 500
    else { throw http.unexplained(answer.status, attempted: method) }
    let refusal = http.refusal(fault.code ?? 0, attempted: method, words: fault.message)
    throw fault.code == nil ? RPCError(.lost, attempted: method, words: refusal.words) : refusal
  }
}
