import Hummingbird
import Macaroons

/// Lends a note to whoever has a macaroon for it. `POST /macaroon` hands one out (to anybody, here); its holder may add
/// `path = /note` or `until = <unix seconds>`, offline, and lend it on.
func noteServer(key: MacaroonKey, now: @escaping @Sendable () -> Int) -> Router<BasicRequestContext> {
  let router = Router()
  router.post("/macaroon") { _, _ in
    Macaroon(location: "notes", identifier: Array("everyone".utf8), key: key).json
  }
  router.get("/{name}") { request, context in
    guard let text = request.headers[.authorization], let macaroon = try? Macaroon(text: text),
      (try? macaroon.verify(key)) != nil
    else { throw HTTPError(.unauthorized) }
    // Only now that the chain is genuine do its caveats mean anything; one that is not understood is not met.
    for caveat in macaroon.caveats {
      let words = (caveat.text ?? "").split(separator: " ").map(String.init)
      switch (words.count, words.first) {
      case (3, "path") where words[2] == request.uri.path: continue
      case (3, "until") where Int(words[2]).map({ now() < $0 }) ?? false: continue
      default: throw HTTPError(.forbidden)
      }
    }
    return "what \(try context.parameters.require("name")) says"
  }
  return router
}
