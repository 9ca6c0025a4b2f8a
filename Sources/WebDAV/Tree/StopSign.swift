/// Asked between the pieces of long work; `true` ends it with `.stopped`.
struct StopSign: Sendable {
  let isRaised: @Sendable () -> Bool

  init(_ isRaised: @escaping @Sendable () -> Bool) {
    self.isRaised = isRaised
  }

  static let never = StopSign { false }

  func check() throws(FileFault) {
    guard !isRaised() else { throw FileFault(.stopped, "work") }
  }
}
