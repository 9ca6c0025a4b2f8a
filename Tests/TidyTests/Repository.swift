import Foundation

/// The work tree that these tests were built from.
struct Repository: Sendable {
  struct File {
    /// Relative to the root.
    var path: String
    var text: String
  }

  let root: URL

  static let here = Repository(
    root: URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent())

  func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path)
  }

  func text(_ path: String) throws -> String {
    try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
  }

  /// The folders directly under `folder`, by name.
  func folders(in folder: String) throws -> [String] {
    let parent = root.appendingPathComponent(folder)
    return try FileManager.default.contentsOfDirectory(atPath: parent.path).filter {
      var isFolder: ObjCBool = false
      let path = parent.appendingPathComponent($0).path
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }.sorted()
  }

  /// Every file beneath `folder` that is text.
  func files(in folder: String) throws -> [File] {
    guard exists(folder) else { return [] }
    let beneath = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
    var files: [File] = []
    while let name = beneath?.nextObject() as? String {
      let path = folder + "/" + name
      guard beneath?.fileAttributes?[.type] as? FileAttributeType == .typeRegular,
        let text = String(data: try Data(contentsOf: root.appendingPathComponent(path)), encoding: .utf8)
      else { continue }
      files.append(File(path: path, text: text))
    }
    return files.sorted { $0.path < $1.path }
  }
}
