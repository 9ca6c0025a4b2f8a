import Testing

@testable import Drivers

@Suite struct SeccompProfileTests {
  private func allows(_ call: String, _ arguments: [UInt32: UInt64]) -> Bool {
    SeccompProfile.standard.syscalls.contains { rule in
      guard rule.names.contains(call), rule.action == "SCMP_ACT_ALLOW" else { return false }
      return (rule.args ?? []).allSatisfy { condition in
        let value = arguments[condition.index] ?? 0
        switch condition.op {
        case "SCMP_CMP_MASKED_EQ": return value & condition.value == condition.valueTwo
        case "SCMP_CMP_EQ": return value == condition.value
        case "SCMP_CMP_NE": return value != condition.value
        default: return false
        }
      }
    }
  }

  @Test("no request of btrfs's", arguments: [0x5000_940E, 0x5000_9401, 0x5000_9418, 0x4004_9409] as [UInt64])
  func btrfs(_ request: UInt64) {
    #expect(!allows("ioctl", [1: request]))
  }

  @Test(
    "what terminals, sockets and files ask for", arguments: [0x5401, 0x5413, 0x541B, 0x8912, 0x8004_6601] as [UInt64])
  func ordinary(_ request: UInt64) {
    #expect(allows("ioctl", [1: request]))
  }

  @Test func noNewNamespaces() {
    #expect(allows("clone", [0: 0x0120_0011]))
    for flag: UInt64 in [0x0002_0000, 0x0200_0000, 0x0400_0000, 0x0800_0000, 0x1000_0000, 0x2000_0000, 0x4000_0000] {
      #expect(!allows("clone", [0: flag | 17]))
    }
    for call in ["unshare", "setns", "mount", "clone3", "bpf", "keyctl", "io_uring_setup", "userfaultfd"] {
      #expect(!allows(call, [:]), "\(call)")
    }
  }

  @Test("sockets of four families and of no other")
  func families() {
    let (unix, inet, inet6, netlink) = (1 as UInt64, 2 as UInt64, 10 as UInt64, 16 as UInt64)
    for family: UInt64 in 0..<64 {
      // 9 is NETLINK_AUDIT.
      #expect(allows("socket", [0: family, 2: 9]) == [unix, inet, inet6].contains(family), "\(family)")
      #expect(allows("socketpair", [0: family]) == (family == unix), "\(family)")
    }
    #expect(allows("socket", [0: netlink, 2: 0]))
    for other: UInt64 in [9, 12, 16, 21] { #expect(!allows("socket", [0: netlink, 2: other])) }
    // The upper half of a register is no way round.
    #expect(!allows("socket", [0: 1 << 32 | 38]))
  }

  @Test func onlyTheMachinesOwnCalls() {
    #expect(SeccompProfile.standard.architectures.count == 1)
    for call in UpstreamSeccomp.of32Bits { #expect(!allows(call, [:]), "\(call)") }
  }

  /// What is left out of the profile that ours follows, with the reason.
  static let leftOut: [String: String] = [
    "clock_adjtime": "it sets clocks",
    "listmount": "it lists mounts; /proc/self/mountinfo is there",
    "statmount": "as listmount",
    "riscv_hwprobe": "of a machine that is not served",
  ]

  @Test func itFollowsTheUpstreamProfile() {
    let ours = Set(SeccompProfile.standard.syscalls.filter { $0.action == "SCMP_ACT_ALLOW" }.flatMap(\.names))
    // These upstream allows on one machine only.
    let ofTheMachine: Set = ["arch_prctl", "modify_ldt"]
    #expect(ours.subtracting(UpstreamSeccomp.allowed).subtracting(ofTheMachine) == [])
    let missing = UpstreamSeccomp.allowed.subtracting(ours).subtracting(UpstreamSeccomp.of32Bits)
    #expect(missing == Set(Self.leftOut.keys))
    #expect(UpstreamSeccomp.of32Bits.isSubset(of: UpstreamSeccomp.allowed))
    // With a date, so that everybody sees how old it is.
    #expect(SeccompProfile.upstream.wholeMatch(of: /\S+ \S+ [0-9a-f]{40} 20\d\d-\d\d-\d\d/) != nil)
  }
}
