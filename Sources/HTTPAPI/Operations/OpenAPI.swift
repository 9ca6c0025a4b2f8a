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
    L402 challenge: pay its invoice and send the same request again with `Authorization: L402 <macaroon>:<preimage>`. \
    The files of a disk are at `/dav/{lease}/` over WebDAV (RFC 4918). A large upload may be put in parts and taken up \
    again where it broke off: `PUT` with `Content-Range: bytes first-last/total` and an `Upload-Key` of 16 to 64 letters, \
    digits, `-` and `_`; `202` and `409` say in `Upload-Offset` how many bytes are held, and `Content-Range: bytes \
    */total` without a body asks. `/d/{address}/` is the door of a lease for who comes by one of its addresses: the files \
    of a disk, or `exec`, `logs`, `start` and `stop` of a container; without a usable credential it answers 402."},
    "x-l402-manifest": \(JSON.text(HTTPAPI.manifestPath)),
    "x-l402-quote": {"method": "POST", "path": "/v1/quotes"},
    "paths": {
    \(pathsWithRefusals)
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
