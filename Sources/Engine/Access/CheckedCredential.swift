import L402
import Synchronization

/// What a request has shown, checked once and handed down (a per-request memo): whoever asks while the request is
/// answered is told what was found first. A refusal is not kept.
public final class CheckedCredential: Sendable {
  private enum State {
    case unasked
    /// `nil`: the request shows none.
    case found(VerifiedCredential?)
  }
  private let state = Mutex(State.unasked)

  public init() {}

  /// `nil` while nothing was found yet; inside, `nil` for a request that shows none.
  var found: VerifiedCredential?? {
    state.withLock { state in
      switch state {
      case .unasked: nil
      case .found(let credential): .some(credential)
      }
    }
  }

  func keep(_ credential: VerifiedCredential?) {
    state.withLock { $0 = .found(credential) }
  }
}
