import AsyncHTTPClient
import Engine
import L402
import Leasing
import Macaroons
import NIOCore
import Units
import Wire

/// Sends messages as signed HTTP requests (Standard Webhooks), to wherever a renter says: connected to the address that was
/// judged, over TLS under the name that was given, following no redirect, for ten seconds at the most. The status decides,
/// and no more of the answer than its head is read.
public struct WebhookMessenger: Messenger {
  private let hosts: ReachableHosts
  private let patience: Duration

  /// - Parameter patience: from the connecting until the status is there; under twenty seconds.
  public init(_ hosts: ReachableHosts, patience: Duration = .seconds(10)) {
    self.hosts = hosts
    self.patience = patience
  }

  public var channel: ContactRecord.Channel { .webhook }
  public var asksFirst: Bool { false }

  public func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace {
    guard let url = WebhookURL(wish.address) else {
      throw ContactFault("expected an address of at most 1024 characters: https://example.com/hook")
    }
    guard url.isTLS || hosts.reachable.allowsSome else { throw ContactFault("expected https") }
    if let address = IPAddress(url.host), let reason = hosts.reachable.refusal(of: address) {
      throw ContactFault("may not be connected to: \(reason)")
    }
    return ContactPlace(address: url.text)
  }

  public func masked(_ place: ContactPlace) -> String {
    guard let url = WebhookURL(place.address) else { return "…" }
    return "\(url.isTLS ? "https" : "http")://\(url.host)/…"
  }

  public func site(of place: ContactPlace) -> String {
    WebhookURL(place.address)?.site ?? ""
  }

  public func deliver(
    _ message: Message, to place: ContactPlace, signedWith key: Bytes32
  ) async throws(DeliveryFault) {
    guard let url = WebhookURL(place.address) else { throw DeliveryFault("it is no address", isFinal: true) }
    let address = try await hosts.address(of: url.host)
    guard url.isTLS || hosts.reachable.allows(address) else { throw DeliveryFault("it is not https") }
    let body = JSON.encode(WebhookDocument(message))
    let headers = WebhookSecret(key).headers(id: message.id, timestamp: message.at.unixSeconds, body: body)
    let status = try await post(body, headers, to: url, at: address)
    switch status {
    case 200..<300: return
    // Standard Webhooks: whoever answers so wants no more of them.
    case 410: throw DeliveryFault("it answered 410: gone", isFinal: true)
    case 300..<400: throw DeliveryFault("it answered \(status): redirects are not followed")
    default: throw DeliveryFault("it answered \(status)")
    }
  }

  private func post(
    _ body: [UInt8], _ headers: [(name: String, value: String)], to url: WebhookURL, at address: IPAddress
  ) async throws(DeliveryFault) -> Int {
    var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
    configuration.timeout.connect = .seconds(5)
    configuration.httpVersion = .http1Only
    configuration.connectionPool.retryConnectionEstablishment = false
    // Exactly this address, and TLS with the name all the same.
    configuration.dnsOverride = [url.host: "\(address)"]
    // One for each message: what a host has left open is closed with it.
    let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    defer { client.shutdown { _ in } }
    var request = HTTPClientRequest(url: url.text)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: "application/json")
    request.headers.add(name: "User-Agent", value: "leasehold")
    for header in headers { request.headers.add(name: header.name, value: header.value) }
    request.body = .bytes(ByteBuffer(bytes: body))
    do {
      return Int(try await client.execute(request, deadline: .now() + TimeAmount(patience)).status.code)
    } catch let error as HTTPClientError {
      throw DeliveryFault("the connection failed: \(error.shortDescription)")
    } catch {
      // Its own words may quote the address.
      throw DeliveryFault("the connection failed: \(type(of: error))")
    }
  }
}

extension WebhookDocument {
  init(_ message: Message) {
    let type: String
    var data = NoticeData(lease: message.lease.description, offer: message.offer, payAt: message.payAt)
    switch message.content {
    case .notice(let notice):
      type = "lease.notice"
      data.kind = notice.kind.rawValue
      data.consequence = notice.consequence
      data.deadline = Timestamp(notice.deadline)
      data.daysRemaining = message.at.wholeDays(until: notice.deadline)
      data.amountMsat = notice.amount?.count
      data.invoice = message.invoice?.bolt11
      data.invoiceMsat = message.invoice?.amount.count
      data.invoiceExpiresAt = message.invoice.map { Timestamp($0.expiresAt) }
    case .question:
      type = "contact.question"
    }
    self.init(type: type, timestamp: Timestamp(message.announcedAt), data: data)
  }
}
