extension OpenAPI {
  /// ``paths`` with the refusals that each operation may answer, by who may ask for it and what it reads: said once here
  /// instead of in every line. What is left (`5xx` of a proxy, a method that is not there) is its `default`.
  static let pathsWithRefusals: String = {
    var path = ""
    var text = ""
    for line in paths.split(separator: "\n", omittingEmptySubsequences: false) {
      let words = line.drop { $0 == " " }
      if words.hasPrefix("\"/") {
        path = String(words.dropFirst().prefix { $0 != "\"" })
      } else if words.hasPrefix("\""), let method = method(of: words) {
        text += adding(refusals(of: method, path, words), to: String(line)) + "\n"
        continue
      }
      text += line + "\n"
    }
    return text
  }()

  private static let problemReference = ##"{"$ref":"#/components/responses/Problem"}"##

  private static func method(of line: Substring) -> String? {
    let name = line.dropFirst().prefix { $0 != "\"" }
    return ["get", "put", "post", "delete", "patch"].contains(name) ? name.uppercased() : nil
  }

  /// In front of `default`; what the line tells itself stays as it is.
  private static func adding(_ codes: Set<Int>, to line: String) -> String {
    let marker = "\"default\":\(problemReference)"
    let missing = codes.sorted().filter { !line.contains("\"\($0)\":") }
    let told = missing.map { "\"\($0)\":\(problemReference)," }.joined()
    return line.replacing(marker, with: told + marker, maxReplacements: 1)
  }

  /// HTTP statuses from 400 on.
  private static func refusals(of method: String, _ path: String, _ line: Substring) -> Set<Int> {
    var codes: Set<Int> = []
    if path.contains("{") { codes.insert(404) }
    if line.contains("\"requestBody\"") { codes.formUnion([400, 408, 413, 415, 422]) }
    if line.contains("parameters/limit") || line.contains("parameters/cursor") || path.hasPrefix("/admin/") {
      codes.insert(422)
    }
    if line.contains("parameters/idempotency_key") { codes.formUnion([400, 409, 422, 429]) }
    let access =
      path.hasPrefix("/admin/") ? RouteAccess.provider : RouteAccess.table["\(method) \(path)"] ?? .anyone
    switch access {
    case .anyone: if path.hasPrefix("/dev/") { codes.formUnion([403, 404, 409, 429, 503]) }
    case .buyer: codes.formUnion([401, 403, 404, 409, 429, 503])
    case .holder: codes.formUnion([401, 403, 404, 409, 410, 422, 429, 503])
    case .holderOrPayer: codes.formUnion([401, 403, 404, 409, 410, 422, 429, 503])
    case .claimant: codes.formUnion([401, 404, 422, 503])
    case .provider: codes.formUnion([401, 403, 404, 409, 410, 503])
    }
    return codes
  }
}
