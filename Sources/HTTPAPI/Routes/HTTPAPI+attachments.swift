import Engine
import HTTPTypes
import Hummingbird
import Ledger
import Units
import Wire

extension HTTPAPI {
  /// Disks in containers, seen and ended from either side.
  var attachmentEndpoints: [Endpoint] {
    [
      Endpoint(.get, "/v1/leases/{lease}/attachments") { exchange in
        let found = try await engine.attachments(of: exchange.lease(), exchange.caller())
        return .json(ListDocument(items: found.map(AttachmentItem.init(_:))))
      },
      Endpoint(.delete, "/v1/leases/{lease}/attachments") { exchange in
        try await engine.endAttachments(of: exchange.lease(), exchange.caller())
        return Response(status: .noContent)
      },
      Endpoint(.delete, "/v1/leases/{lease}/attachments/{other}") { exchange in
        guard let other = LeaseID(exchange.parameter("other")) else {
          throw Refusal.invalidField("attachment", "this lease has none with that one")
        }
        try await engine.endAttachments(of: exchange.lease(), with: other, exchange.caller())
        return Response(status: .noContent)
      },
    ]
  }
}

extension AttachmentItem {
  fileprivate init(_ view: AttachmentView) {
    let attachment = view.attachment
    let (state, cause): (String, AttachmentRecord.Ending?) =
      switch view.state {
      case .attached: ("attached", nil)
      case .withdrawn: ("withdrawn", nil)
      case .ending(let ending): ("ending", ending)
      case .ended(let ending): ("ended", ending)
      }
    self.init(
      disk: "\(attachment.disk)", container: "\(attachment.container)", token: attachment.token.hex,
      readOnly: attachment.isReadOnly, state: state, cause: cause?.rawValue,
      attachedAt: Timestamp(attachment.attachedAt), validUntil: attachment.validUntil.map(Timestamp.init(_:)),
      endedAt: attachment.endedAt.map(Timestamp.init(_:)))
  }
}
