import Engine
import Foundation
import Glibc
import Ledger
import TestKit
import Testing

@testable import Drivers

/// What a container sees of others, and what others see of it.
@Suite(.serialized, .containerHost()) struct ComputeNeighboursTests {
  @Test func aContainerSeesNothingOfOthers() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let other = try await host.container()
      let lease = try await host.container()
      #expect(try await host.run("ls -A /sys | wc -l", in: lease).out == "0\n")
      // Every entry of /proc that is no process: how much there is to read in it, or how many names.
      let sizes = try await host.run(
        """
        cd /proc; for f in *; do
          case $f in [0-9]*) continue;; esac
          if [ -d $f ]; then echo $f $(ls -A $f | wc -l); else echo $f $(head -c 64 $f 2>/dev/null | wc -c); fi
        done
        """, in: lease
      ).out.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(sizes.count > 20)
      for entry in sizes where entry.count == 2 && !ContainerConfiguration.visible.contains(String(entry[0])) {
        #expect(entry[1] == "0", "\(entry[0])")
      }
      for wanted in ["cpuinfo", "meminfo", "stat", "uptime"] {
        #expect(sizes.contains { $0.first.map(String.init) == wanted && $0.last != "0" }, "\(wanted)")
      }
      let told = try await host.run("cat /proc/self/mountinfo /proc/self/cgroup /proc/1/cgroup /proc/mounts", in: lease)
      #expect(told.code == 0)
      for secret in ["\(other)", "\(lease)", host.driver.groups.path, host.folder] {
        #expect(!told.out.contains(secret), "\(secret)")
      }
    }
  }

  @Test func usersOfTheHostReadNothingOfAContainer() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let lease = try await host.container()
      try await host.run("echo secret > /secret; chmod 777 / /secret; echo told > /dev/stdout", in: lease)
      let bundle = host.driver.bundle(lease)
      for path in [bundle.root + "/secret", bundle.upper + "/secret", bundle.output] {
        #expect(try await Tool("cat").run([path]).code == 0)
        let asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", "cat", path]
        let refused = try await Tool("setpriv").run(asNobody, accepting: Set(0...255))
        #expect(refused.code != 0, "\(path)")
        #expect(refused.text.isEmpty, "\(path)")
      }
    }
  }

  @Test func containersOfEarlierVersionsAreClosedAtTheNextStart() async throws {
    try await ComputeHost.with { (host: ComputeHost) async throws in
      let spec = host.spec()
      let bundle = host.driver.bundle(try await host.container(spec))
      #expect(chmod(bundle.folder, 0o711) == 0)
      #expect(chown(bundle.folder, 0, 0) == 0)
      _ = try host.another()
      var status = stat()
      #expect(lstat(bundle.folder, &status) == 0)
      #expect(status.st_mode & 0o7777 == 0o710)
      #expect(status.st_uid == 0)
      #expect(status.st_gid == spec.uidBase)
    }
  }
}
