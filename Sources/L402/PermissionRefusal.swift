/// Why a genuine credential does not reach as far as a request: always `403`, never with an invoice.
public enum PermissionRefusal: Error, Hashable, Sendable {
  /// A capability the request needs is not among the credential's.
  case capability(Capabilities)
  /// The path is not beneath the credential's, or the request reaches more than files.
  case path
  /// The method is not among the credential's.
  case method
  /// The request does not come from an address the credential allows, or none is known.
  case source
  /// The invoice would be above the credential's bound.
  case amount
  /// The request is not about one of the container's ports that the credential opens.
  case port
  /// The lease was sold as another variant of its offer than the credential names.
  case variant
  /// The holder's own `leasehold_valid_until` has passed; a payment cannot move it.
  case expired

  /// A stable code for problem documents and metrics.
  public var reason: String {
    switch self {
    case .capability: "narrowed-capability"
    case .path: "narrowed-path"
    case .method: "narrowed-method"
    case .source: "narrowed-source"
    case .amount: "narrowed-amount"
    case .port: "narrowed-port"
    case .variant: "narrowed-variant"
    case .expired: "narrowed-expired"
    }
  }
}
