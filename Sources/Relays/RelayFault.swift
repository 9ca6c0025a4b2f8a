/// Why a relay gave no answer that can be used.
public struct RelayFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Nobody has heard of the event: there was no connection, or the relay took no subscription.
    case notSent
    /// It was sent, and no answer came: it may have been heard.
    case unanswered
  }
  public var kind: Kind
  /// For people, at most 200 characters. What a relay says is a stranger's, and never rendered as anything but text.
  public var words: String

  public init(_ kind: Kind, _ words: String) {
    self.kind = kind
    self.words = Self.plain(words)
  }

  public var description: String { words }

  /// A stranger's words on one line, in at most 200 characters.
  static func plain(_ words: String) -> String {
    let line = words.unicodeScalars.map { scalar in
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: Character(" ")
      default: Character(scalar)
      }
    }
    return String(line.prefix(200))
  }

  /// The same once an event was sent, whatever went wrong afterwards.
  func after(sending wasSent: Bool) -> RelayFault {
    var fault = self
    if wasSent { fault.kind = .unanswered }
    return fault
  }
}
