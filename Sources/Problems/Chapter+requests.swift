extension ProblemPage.Chapter {
  static let requests = ProblemPage.Chapter(
    title: "Requests", overview: "What is wrong with a request before anybody looks at a lease.",
    pages: [
      ProblemPage(
        .badRequest, [400],
        "The request cannot be read as HTTP, or the server does not take it.",
        "Mend the request."),
      ProblemPage(
        .badHeader, [400, 401, 417],
        "A header line is missing, appears twice, contradicts another, or has the wrong form.",
        "Read `detail`: it names the line."),
      ProblemPage(
        .httpVersion, [505],
        "Only HTTP/1.1 and HTTP/1.0 are spoken.",
        "Speak HTTP/1.1."),
      ProblemPage(
        .transferCoding, [501],
        "The only transfer coding that is known is `chunked`.",
        "Send the body with `Content-Length`, or chunked."),
      ProblemPage(
        .brokenOff, [400],
        "The request ended before its end.",
        "Send it again; with the same `Idempotency-Key` nothing is done twice."),
      ProblemPage(
        .bodyTimeout, [408],
        "The body did not arrive in time.",
        "Send it again, or in smaller parts."),
      ProblemPage(
        .malformedJSON, [400],
        "The body is not JSON.",
        "Mend it at the byte that `detail` names."),
      ProblemPage(
        .invalidField, [422],
        "A field of the body, the query or the path has a value that cannot be taken.",
        "Mend the field that `field` names."),
      ProblemPage(
        .unsupportedMediaType, [415],
        "The body is of another type than `application/json`.",
        "Send JSON, and say so in `Content-Type`."),
      ProblemPage(
        .tooLarge, [413],
        "The body, or a value in it, is larger than the bound.",
        "Send less."),
      ProblemPage(
        .notFound, [404],
        "There is nothing at this path.",
        "Look at the links of the lease, or at `/v1/openapi.json`."),
      ProblemPage(
        .methodNotAllowed, [405],
        "The path is right, and the method is not.",
        "Use one of those in `Allow`."),
      ProblemPage(
        .idempotencyConflict, [409],
        "This `Idempotency-Key` came with another body before.",
        "Take a new key for a new wish."),
      ProblemPage(
        .tooManyRequests, [429],
        "Challenges are asked for too fast.",
        "Wait for `Retry-After`."),
      ProblemPage(
        .tooManyAtOnce, [429],
        "As many of these are under way as may be at once.",
        "Let one of them end first."),
      ProblemPage(
        .tooManyStreams, [429],
        "As many streams of this lease are open as may be.",
        "Close one, or wait for `Retry-After`."),
      ProblemPage(
        .unavailable, [503],
        "Something that is needed (database, node, host) cannot be reached, or the lease is changing.",
        "Send the same request again after `Retry-After`."),
      ProblemPage(
        .internal, [500],
        "This should not have happened; nothing was charged for it.",
        "Tell the provider the value of `request`."),
    ])
}
