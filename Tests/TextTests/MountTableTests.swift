import Testing
import Text

@Suite struct MountTableTests {
  private let table = MountTable(
    parsing: """
      21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=continue
      36 21 98:0 / /mnt/a\\040b rw,noatime - btrfs /dev/loop0 rw
      37 21 98:1 / /mnt rw - tmpfs tmpfs rw
      38 37 98:2 / /mnt ro - ext4 /dev/loop1 ro
      no mount
      """)

  @Test func blanksInNamesAreRead() {
    #expect(table.mounted(on: "/mnt/a b")?.type == "btrfs")
    #expect(table.mounted(on: "/mnt/a\\040b") == nil)
  }

  @Test func theTopmostMountCounts() {
    #expect(table.mounted(on: "/mnt")?.type == "ext4")
    #expect(table.mounted(on: "/mnt")?.options.contains("ro") == true)
  }

  @Test func whatLiesAroundAPathIsTheLongestOfItsMounts() {
    #expect(table.containing("/mnt/a b/c")?.type == "btrfs")
    #expect(table.containing("/mnt/a")?.source == "/dev/loop1")
    #expect(table.containing("/mntx")?.mountPoint == "/")
    #expect(table.entries.count == 4)
  }
}
