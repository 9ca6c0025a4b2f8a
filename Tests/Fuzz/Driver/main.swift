import CFuzzer
import Fuzz
import Glibc

// leasehold-fuzz TARGET [what libFuzzer takes: folders of inputs, -max_total_time=…]

private func fail(_ sentence: String) -> Never {
  let line = Array("\(sentence)\n".utf8)
  // Whether anybody reads it or not, the status tells.
  _ = write(STDERR_FILENO, line, line.count)
  exit(2)
}

/// Which one is fed: libFuzzer's callback takes no context.
private let target: FuzzTarget = {
  guard let target = CommandLine.arguments.dropFirst().first.flatMap(FuzzTarget.init(rawValue:)) else {
    fail("name one of " + FuzzTarget.allCases.map(\.rawValue).joined(separator: " "))
  }
  return target
}()

private func feed(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

_ = target
// libFuzzer does not know the target's name; the program's takes its place.
var count = CommandLine.argc - 1
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
CommandLine.unsafeArgv[1] = CommandLine.unsafeArgv[0]
exit(LLVMFuzzerRunDriver(&count, &arguments, feed))
