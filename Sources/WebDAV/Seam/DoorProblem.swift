import Files
import Problems

/// A refusal, ready to be rendered as an RFC 9457 problem.
public struct DoorProblem: Error, Hashable, Sendable {
  /// The HTTP status, 400 and up.
  public var status: Int
  public var code: ProblemCode
  public var detail: String
  /// Header lines that go with it, `Retry-After` for one.
  public var headers: [String: String]

  public init(_ status: Int, _ code: ProblemCode, _ detail: String, headers: [String: String] = [:]) {
    self.status = status
    self.code = code
    self.detail = detail
    self.headers = headers
  }
}

extension DoorProblem {
  init(_ header: BadHeader) { self.init(400, .badHeader, header.detail) }

  init(_ fault: StreamFault) {
    switch fault {
    case .stalled: self.init(408, .bodyTimeout, "the body stopped coming")
    case .stopped: self.init(FileFault(.stopped, "stream"), writing: true)
    case .tooLong: self.init(400, .badHeader, "the body is longer than announced")
    case .tooShort: self.init(400, .truncated, "the body is shorter than announced")
    }
  }

  init(_ fault: FileFault, writing: Bool) {
    switch fault.kind {
    case .absent: self.init(404, .notFound, "there is no such file or folder")
    case .exists: self.init(405, .exists, "something bears this name already")
    case .notDirectory:
      self =
        writing
        ? DoorProblem(409, .noParent, "a part of the path is not a folder")
        : DoorProblem(404, .notFound, "there is no such file or folder")
    case .isDirectory: self.init(405, .isFolder, "this is a folder")
    case .notEmpty: self.init(409, .notEmpty, "the folder is not empty")
    case .notServed:
      self =
        writing
        ? DoorProblem(409, .notServed, "a link or special file bears this name; delete it first")
        : DoorProblem(404, .notFound, "there is no such file or folder")
    case .noSpace: self.init(507, .noSpace, "the disk is full; nothing was changed")
    case .forbidden: self.init(403, .readOnly, "the disk does not take this change")
    case .otherFileSystem: self.init(409, .otherVolume, "this cannot be moved between subvolumes")
    case .nameTooLong: self.init(414, .nameTooLong, "a name has at most 255 bytes, a path 4,095")
    case .tooDeep:
      self.init(409, .tooDeep, "folders nested deeper than \(VolumeTree.deepestCopy) are not copied")
    case .unsupported: self.init(403, .unsupported, "the disk's file system cannot do this")
    case .busy: self.init(503, .busy, "try again", headers: ["Retry-After": "1"])
    case .stopped: self.init(503, .stopped, "the disk stopped serving meanwhile", headers: ["Retry-After": "1"])
    case .failed: self.init(500, .diskFailure, "the disk failed")
    }
  }
}
