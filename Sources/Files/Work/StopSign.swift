/// Asked between the pieces of long work; `true` ends it with `.stopped`.
public struct StopSign: Sendable {
  public let isRaised: @Sendable () -> Bool
  /// Lets others go first; called at the same moments.
  public let pause: @Sendable () -> Void

  public init(pause: @escaping @Sendable () -> Void = {}, _ isRaised: @escaping @Sendable () -> Bool) {
    self.isRaised = isRaised
    self.pause = pause
  }

  static let never = StopSign { false }

  /// For what has to be done to the end, but not at the expense of others.
  var unraised: StopSign { StopSign(pause: pause) { false } }

  func check() throws(FileFault) {
    pause()
    guard !isRaised() else { throw FileFault(.stopped, "work") }
  }
}
