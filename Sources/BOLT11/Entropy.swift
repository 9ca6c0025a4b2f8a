/// Random bytes fit for keys: the standard library's generator, which asks the kernel each time.
enum Entropy {
  static func bytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
  }
}
