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

  @Test func noWayToTheMachinesHost() {
    #expect(allows("socket", [0: 2]))
    #expect(!allows("socket", [0: 40]))
  }
}
