import Engine
import Foundation

extension ImageReference {
  /// An image's folder has `rootfs/` and `image.json` with its digest, as `scripts/image` writes them.
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("name", "path")
    struct Description: Decodable { var digest: String }
    let path = try yaml["path"].string()
    guard let data = FileManager.default.contents(atPath: path + "/image.json") else {
      throw yaml["path"].fault("there is no image.json in \(path)")
    }
    let description: Description
    do {
      description = try JSONDecoder().decode(Description.self, from: data)
    } catch {
      throw yaml["path"].fault("\(path)/image.json has no digest")
    }
    self.init(name: try yaml["name"].string(), digest: description.digest, path: path)
  }
}
