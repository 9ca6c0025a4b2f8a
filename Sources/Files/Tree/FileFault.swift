import Glibc

/// What the kernel refused, or what we refuse in its stead.
public struct FileFault: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Nothing there that is served; a symbolic link on the way counts as nothing.
    case absent
    case exists
    /// A part of the path that should be a folder is none.
    case notDirectory
    case isDirectory
    case notEmpty
    /// A link, device, pipe or socket is in the place.
    case notServed
    /// The quota or the disk is full.
    case noSpace
    /// The volume is read-only or the kernel forbids it.
    case forbidden
    /// Another mount or subvolume: names cannot be moved there.
    case otherFileSystem
    case nameTooLong
    /// Folders nested deeper than ``VolumeTree/deepestCopy``.
    case tooDeep
    /// The file system has no such call.
    case unsupported
    /// Too many open files, or somebody holds the file: later, perhaps.
    case busy
    /// The lease no longer serves, or the daemon is stopping.
    case stopped
    case failed
  }

  public var kind: Kind
  /// `errno`; 0 where no call was refused.
  public var number: CInt
  /// What was being done.
  public var attempted: StaticString

  init(_ number: CInt, _ attempted: StaticString) {
    self.number = number
    self.attempted = attempted
    kind = Self.kind(of: number)
  }

  public init(_ kind: Kind, _ attempted: StaticString) {
    self.number = 0
    self.attempted = attempted
    self.kind = kind
  }

  private static func kind(of number: CInt) -> Kind {
    switch number {
    // RESOLVE_NO_SYMLINKS answers ELOOP.
    case ENOENT, ELOOP, ENXIO, ENODEV, ESTALE: .absent
    case EEXIST: .exists
    case ENOTDIR: .notDirectory
    case EISDIR: .isDirectory
    case ENOTEMPTY: .notEmpty
    case ENOSPC, EDQUOT, EFBIG: .noSpace
    case EROFS, EACCES, EPERM: .forbidden
    case EXDEV: .otherFileSystem
    case ENAMETOOLONG: .nameTooLong
    case EOPNOTSUPP, ENOSYS, EINVAL: .unsupported
    case EMFILE, ENFILE, ENOMEM, EAGAIN, EBUSY, ETXTBSY: .busy
    default: .failed
    }
  }

  public var description: String { "\(attempted): \(kind), errno \(number)" }

  public static func == (a: FileFault, b: FileFault) -> Bool { a.kind == b.kind && a.number == b.number }
  public func hash(into hasher: inout Hasher) { hasher.combine(number) }
}
