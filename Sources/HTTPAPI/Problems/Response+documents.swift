import HTTPTypes
import Hummingbird
import NIOCore
import Wire

extension Response {
  /// The same for a lease, which is asked for most.
  static func json(
    _ lease: LeaseDocument, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    answer(JSON.encode(lease), "application/json", status, headers)
  }

  /// An answer in JSON. Answers are about somebody's money: nothing on the way keeps them.
  static func json(
    _ document: some Encodable, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    answer(JSON.encode(document), "application/json", status, headers)
  }

  static func problem(
    _ document: ProblemDocument, _ status: HTTPResponse.Status, headers: HTTPFields
  ) -> Response {
    answer(JSON.encode(document), "application/problem+json", status, headers)
  }

  static func text(
    _ text: String, _ type: String, _ status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
  ) -> Response {
    answer(Array(text.utf8), type, status, headers)
  }

  private static func answer(
    _ bytes: [UInt8], _ type: String, _ status: HTTPResponse.Status, _ extra: HTTPFields
  ) -> Response {
    var headers = extra
    headers[.contentType] = type
    if !headers.contains(.cacheControl) { headers[.cacheControl] = "no-store" }
    return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }
}
