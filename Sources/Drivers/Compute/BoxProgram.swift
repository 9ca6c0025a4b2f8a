import CLinux
import Engine
import Glibc

/// Our own small program that stands before others (`box.c`): process 1 of every container and over every command in one,
/// and on the host what enters control groups before it becomes the container runtime.
///
/// It is a file that needs no library, so that it runs in any image, and may be run but not read by containers. The host
/// runs the one in the state folder; each container is given the one that lies in its own layer, beside what it may write,
/// so that its table of mounts and its `df` speak of nothing but its own disk.
struct BoxProgram: Sendable {
  let path: String
  /// Where containers see it: in a folder that is made anew with each start, so that nothing of it is in their files.
  static let inside = "/dev/init"

  /// Writes it down for the host's own use.
  init(folder: String) throws(DriverError) {
    path = folder + "/.init"
    try Self.place(at: path)
  }

  /// Writes it to a file of that name, unless it is there.
  static func place(at path: String) throws(DriverError) {
    let image = image()
    guard try contents(of: path) != image else { return }
    let temporary = TemporaryName.beside(path)
    do throws(DriverError) {
      let file = try Descriptor(opening: temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o711)
      try HostFile.write(image, to: file.number, named: temporary)
      try systemCall("fchmod \(temporary)") { fchmod(file.number, 0o711) }
    } catch {
      unlink(temporary)
      throw error
    }
    // Closed before it is named: a program that is being written cannot be run.
    try systemCall("rename \(temporary)") { rename(temporary, path) }
  }

  /// Arguments that make it process 1 of a container, or stand over a command.
  static func over(_ command: [String]) -> [String] { [inside, "run"] + command }

  /// Arguments that make it enter `groups`, open `status` as descriptor 3, and become `program`; or stay until all that
  /// `program` leaves behind has ended.
  func entering(_ groups: [String], status: String, staying: Bool = false, _ program: [String]) -> [String] {
    [staying ? "stand" : "enter"] + groups + ["--", status] + program
  }

  /// What it says on descriptor 3.
  struct Report: Hashable, Sendable {
    /// The command runs, or did.
    var began = false
    /// errno: the command could not be started.
    var failure: Int32?
    /// 128 + signal for one that was killed.
    var code: Int32?

    init(_ bytes: [UInt8]) {
      var at = 0
      while at + 1 < bytes.count {
        switch bytes[at] {
        case UInt8(ascii: "R"): began = true
        case UInt8(ascii: "F"): failure = Int32(bytes[at + 1])
        case UInt8(ascii: "E"): code = Int32(bytes[at + 1])
        default: return
        }
        at += 2
      }
    }

    /// The shells' codes for what could not be started.
    var failureCode: Int32? { failure.map { $0 == ENOENT || $0 == ENOTDIR ? 127 : 126 } }
  }

  private static func contents(of path: String) throws(DriverError) -> [UInt8]? {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return nil }
    let file = Descriptor(number: number)
    var bytes = [UInt8](repeating: 0, count: 1 << 16)
    let count = try systemCall("read \(path)") { read(file.number, &bytes, bytes.count) }
    return Array(bytes.prefix(count))
  }

  /// An ELF file with the machine code at a fixed address and nothing else (elf(5)).
  private static func image() -> [UInt8] {
    var size = 0
    var entry = 0
    let code = UnsafeRawBufferPointer(start: clinux_box_code(&size, &entry), count: size)
    let (page, base): (UInt64, UInt64) = (4_096, 0x40_0000)
    var bytes: [UInt8] = []
    func put<Number: FixedWidthInteger>(_ numbers: Number...) {
      for number in numbers { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    }
    // 64 bits, least byte first, version 1.
    bytes += [0x7F, UInt8(ascii: "E"), UInt8(ascii: "L"), UInt8(ascii: "F"), 2, 1, 1] + [UInt8](repeating: 0, count: 9)
    put(UInt16(2), clinux_box_machine)
    put(UInt32(1))
    put(base + page + UInt64(entry), UInt64(64), UInt64(0))
    put(UInt32(0))
    put(UInt16(64), UInt16(56), UInt16(2), UInt16(64), UInt16(0), UInt16(0))
    // What is loaded: to be read and run.
    put(UInt32(1), UInt32(5))
    put(page, base + page, base + page, UInt64(size), UInt64(size), page)
    // The stack (PT_GNU_STACK): not to be run.
    put(UInt32(0x6474_E551), UInt32(6))
    put(UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(0), UInt64(16))
    bytes += [UInt8](repeating: 0, count: Int(page) - bytes.count)
    return bytes + code
  }
}
