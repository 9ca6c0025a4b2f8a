/// A port of a container, as its renter declares it. One that is not declared is reached as one whose access is
/// ``Access/credential``.
public struct ContainerPort: Hashable, Sendable, Codable, ExpressibleByIntegerLiteral {
  /// Who comes through the gateway. A word more is one more way to come: of what strangers pay for, for instance.
  public enum Access: String, Hashable, Sendable, Codable, CaseIterable {
    /// Who shows the lease's credential.
    case credential
    /// Anybody.
    case `public`
  }
  public var number: Int
  public var access: Access

  public init(_ number: Int, _ access: Access = .credential) {
    self.number = number
    self.access = access
  }

  public init(integerLiteral number: Int) { self.init(number) }
}

/// Who comes to a port of a container.
public enum PortVisitor: Hashable, Sendable {
  /// Whoever shows a credential that opens it.
  case holder
  /// Anybody, to a public one.
  case stranger
}
