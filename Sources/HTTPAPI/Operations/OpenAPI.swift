import Wire

/// The description of the interface: OpenAPI 3.1, written by hand, as text. Tests hold it to the routes and documents.
enum OpenAPI {
  static func text(version: String, title: String) -> String {
    """
    {
    "openapi": "3.1.0",
    "info": {"title": \(JSON.text(title)), "version": \(JSON.text(version)),
      "summary": "Disk and compute by the period, paid over Lightning.",
      "description": "Money is whole millisatoshis, spans are seconds, sizes bytes, moments RFC 3339. A 402 carries an \
    L402 challenge: pay its invoice and send the same request again with `Authorization: L402 <macaroon>:<preimage>`."},
    "paths": {
    \(paths)
    },
    "components": {
    "securitySchemes": {
      "l402": {"type": "http", "scheme": "L402", "description": "macaroon:preimage"},
      "admin": {"type": "http", "scheme": "bearer"}
    },
    "parameters": {
    \(parameters)
    },
    "responses": {
    \(responses)
    },
    "schemas": {
    \(schemas)
    }
    }
    }
    """
  }
}
