/// What renters may ask for (validation of requests): offers and images that are there, and the bounds of all the rest.
struct Wishes: Sendable {
  let catalog: Catalog

  /// The offer that a request asks for, once all of the request is found to be within bounds.
  ///
  /// - Throws: ``Refusal/unknownOffer(_:)``, or ``Refusal/invalidField(_:_:)`` with the first field that is not.
  func offer(of request: LeaseRequest) throws -> Offer {
    guard let offer = catalog.offer(request.offer) else { throw Refusal.unknownOffer(request.offer) }
    guard request.periods >= 1, request.periods <= offer.terms.maxPeriods else {
      throw Refusal.invalidField("periods", "1 to \(offer.terms.maxPeriods)")
    }
    if let perDay = request.spendPerDay {
      try Limits.check(perDay)
      try Limits.check(offer.terms)
    }
    switch offer.terms.kind {
    case .disk:
      guard request.image == nil, request.command.isEmpty, request.environment.isEmpty, request.ports.isEmpty,
        request.sshKey == nil, request.disk == nil, request.restart == nil
      else {
        throw Refusal.invalidField("offer", "a disk has no image, command, env, ports, ssh_key, disk or restart")
      }
    case .compute:
      _ = try image(for: request, offer)
      try Self.check(ports: request.ports)
      guard request.sshKey == nil else { throw Refusal.invalidField("ssh_key", "this provider injects no keys") }
      try Self.check(command: request.command, field: "command")
      try Self.check(environment: request.environment)
    }
    return offer
  }

  private func image(for request: LeaseRequest, _ offer: Offer) throws -> ImageReference {
    guard let name = request.image ?? offer.images.first, let image = catalog.image(name),
      offer.images.contains(image.name)
    else { throw Refusal.invalidField("image", "one of: \(offer.images.joined(separator: ", "))") }
    return image
  }

  static func check(command: [String], field: String) throws {
    let bytes = command.reduce(0) { $0 + $1.utf8.count }
    guard command.count <= LeaseRequest.mostWords, bytes <= LeaseRequest.longestCommand,
      !command.contains(where: { $0.utf8.contains(0) })
    else {
      throw Refusal.invalidField(field, "at most 256 words and 64 KiB, without NUL")
    }
    // Nothing has the empty name; a driver would only say that it cannot be started.
    guard command.first != "" else { throw Refusal.invalidField(field, "its first word names a program") }
  }

  static func check(ports: [ContainerPort]) throws {
    guard ports.count <= 16, Set(ports.map(\.number)).count == ports.count,
      ports.allSatisfy({ (1...65_535).contains($0.number) })
    else { throw Refusal.invalidField("ports", "at most 16, each once, of 1 to 65535") }
  }

  static func check(environment: [String: String]) throws {
    func isName(_ name: String) -> Bool {
      guard let first = name.utf8.first, first < 48 || first > 57 else { return false }
      return name.utf8.allSatisfy {
        ($0 >= 48 && $0 <= 57) || ($0 >= 65 && $0 <= 90) || ($0 >= 97 && $0 <= 122) || $0 == 95
      }
    }
    let bytes = environment.reduce(0) { $0 + $1.key.utf8.count + $1.value.utf8.count }
    guard environment.count <= 128, bytes <= 65_536,
      environment.allSatisfy({ isName($0.key) && !$0.value.utf8.contains(0) })
    else { throw Refusal.invalidField("env", "at most 128 names of letters, digits and _, and 64 KiB") }
  }
}

extension LeaseRequest {
  /// Bytes of a command, all of its words together.
  public static let longestCommand = 65_536
  /// Words of a command.
  public static let mostWords = 256
}
