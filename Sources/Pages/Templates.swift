import Mustache

/// The pages' HTML, in which every value is escaped where it is put in (Mustache: `{{value}}`).
struct Templates: Sendable {
  let words: Words
  private let library: MustacheLibrary

  static let files: [(String, [UInt8])] = [
    ("layout", PackageResources.layout_mustache), ("shop", PackageResources.shop_mustache),
    ("rent", PackageResources.rent_mustache), ("order", PackageResources.order_mustache),
    ("lease", PackageResources.lease_mustache), ("leases", PackageResources.leases_mustache),
    ("sorry", PackageResources.sorry_mustache), ("locked", PackageResources.locked_mustache),
    ("leasehead", PackageResources.leasehead_mustache), ("files", PackageResources.files_mustache),
    ("container", PackageResources.container_mustache), ("usage", PackageResources.usage_mustache),
    ("history", PackageResources.history_mustache), ("share", PackageResources.share_mustache),
    ("keep", PackageResources.keep_mustache),
  ]

  init(words: Words) throws {
    self.words = words
    library = MustacheLibrary(
      templates: Dictionary(
        uniqueKeysWithValues: try Self.files.map {
          ($0.0, try MustacheTemplate(string: String(decoding: $0.1, as: UTF8.self)))
        }))
  }

  func page(_ name: String, _ model: [String: Any], _ language: Words.Language) -> String {
    // To Mustache an empty text is one; to a template it is none.
    var model = model.filter { $0.value as? String != "" }
    model["t"] = language.texts
    model["lang"] = language.code
    model["script"] = language.script
    model["main"] = library.render(model, withTemplate: name) ?? ""
    return library.render(model, withTemplate: "layout") ?? ""
  }
}
