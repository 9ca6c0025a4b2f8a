import Testing
import Text

@testable import Drivers

struct MountTableTests {
  private let table = MountTable(
    parsing: """
      22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
      43 22 0:39 / /srv/disk rw,nosuid,nodev shared:7 master:2 - btrfs /dev/loop0 rw,discard
      44 22 0:40 / /srv/a\\040b\\134c ro - tmpfs none rw
      45 43 0:41 / /srv/disk ro - ext4 /dev/loop1 ro
      nonsense
      """)

  @Test("fields before and after the dash")
  func entries() {
    #expect(table.entries.count == 4)
    #expect(table.entries[1].options == ["rw", "nosuid", "nodev", "discard"])
    #expect(table.mounted(on: "/srv/a b\\c")?.type == "tmpfs")
  }

  @Test("the topmost of several mounts, and the mount a path lies in")
  func lookup() {
    #expect(table.mounted(on: "/srv/disk")?.source == "/dev/loop1")
    #expect(table.mounted(on: "/srv") == nil)
    #expect(table.containing("/srv/disk/leases")?.source == "/dev/loop1")
    #expect(table.containing("/srv/disks")?.source == "/dev/vda")
  }
}
