// swift-format-ignore-file: one line of JSON for each operation

extension OpenAPI {
  /// One entry for each route; a test holds it to ``HTTPAPI/endpoints``.
  static let paths = #"""
    "/v1/offers": {
      "get": {"operationId":"listOffers","summary":"What can be rented.","parameters":[{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/OfferList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/offers/{offer}": {
      "get": {"operationId":"getOffer","summary":"One offer.","parameters":[{"$ref":"#/components/parameters/offer"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Offer"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/leases": {
      "post": {"operationId":"rent","summary":"Quote a lease; with the paid credential of the same request, the lease.","parameters":[{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RentRequest"}}}},"responses":{"201":{"description":"The lease that was bought.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{},{"l402":[]}]}
    },
    "/v1/leases/{lease}": {
      "get": {"operationId":"getLease","summary":"The lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "delete": {"operationId":"releaseLease","summary":"Give the lease back; what is left becomes credit.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/renewals": {
      "post": {"operationId":"renew","summary":"Buy more time. Anyone may pay.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RenewRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{},{"l402":[]}]}
    },
    "/v1/leases/{lease}/changes": {
      "post": {"operationId":"change","summary":"Change to another offer of the same kind.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/ChangeRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/refund": {
      "post": {"operationId":"refund","summary":"Pay credit out. The same invoice again asks how it stands.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RefundRequest"}}}},"responses":{"200":{"description":"Decided: paid or failed.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Refund"}}}},"202":{"description":"The node is at it.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Refund"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/refunds": {
      "get": {"operationId":"refunds","summary":"What was paid out, newest first: the last thousand.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Refund"}},"next_cursor":{"type":["string","null"]}},"required":["items","next_cursor"]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credit": {
      "post": {"operationId":"spendCredit","summary":"Spend credit on another lease, or on this one's own time. Needs an Idempotency-Key: the same one again moves nothing twice.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/SpendCreditRequest"}}}},"responses":{"200":{"description":"Moved.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/SpentCredit"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/usage": {
      "get": {"operationId":"usage","summary":"What the meters say.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/UsageList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/ledger": {
      "get": {"operationId":"ledger","summary":"Where the money went.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/LedgerList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/explain": {
      "get": {"operationId":"explain","summary":"What happened, and why.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ExplainList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/events": {
      "get": {"operationId":"events","summary":"What happens, as it happens.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/last_event_id"}],"responses":{"200":{"description":"Server-sent events; each data is a FeedEvent.","content":{"text/event-stream":{"schema":{"$ref":"#/components/schemas/FeedEvent"}}}},"204":{"description":"The lease is closed, and nothing came after Last-Event-ID: do not ask again."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/credential": {
      "get": {"operationId":"introspect","summary":"What the credential reaches.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Introspection"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credential": {
      "post": {"operationId":"swap","summary":"A fresh credential for a stale one, free of charge.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/MintedCredential"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credentials": {
      "get": {"operationId":"listCredentials","summary":"The lease's credentials.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/CredentialList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "post": {"operationId":"narrow","summary":"A narrowed credential that can be revoked alone.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NarrowRequest"}}}},"responses":{"201":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/MintedCredential"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credentials/{token}": {
      "delete": {"operationId":"revoke","summary":"Revoke a credential and all minted from it.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/token"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credentials/rotate": {
      "post": {"operationId":"rotate","summary":"A new credential; all others are revoked.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/MintedCredential"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/exec": {
      "post": {"operationId":"exec","summary":"Run a command.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/ExecRequest"}}}},"responses":{"200":{"description":"Lines of ExecLine.","content":{"application/x-ndjson":{"schema":{"$ref":"#/components/schemas/ExecLine"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/logs": {
      "get": {"operationId":"logs","summary":"What the container wrote.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/tail"},{"$ref":"#/components/parameters/follow"}],"responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/start": {
      "post": {"operationId":"start","summary":"Start the container's command again.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"204":{"description":"Done."},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/stop": {
      "post": {"operationId":"stop","summary":"End the container's processes.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"204":{"description":"Done."},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/payments/{payment_hash}": {
      "get": {"operationId":"claim","summary":"The preimage of a settled payment, for the macaroon's holder. Authorization: L402 <macaroon>: with no preimage.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Payment"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/dev/invoice": {
      "post": {"operationId":"devInvoice","summary":"An invoice of a wallet on the embedded node.","requestBody":{"required":true,"content":{"application/json":{"schema":{"type":"object","properties":{"amount_msat":{"type":"integer","format":"int64","minimum":1}},"required":["amount_msat"],"additionalProperties":false}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object","properties":{"invoice":{"type":"string"}},"required":["invoice"]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/dev/pay": {
      "post": {"operationId":"devPay","summary":"Pay an invoice of the embedded node.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/PayRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Preimage"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/": {
      "get": {"operationId":"page","summary":"The front page.","responses":{"200":{"description":"Done.","content":{"text/html":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/healthz": {
      "get": {"operationId":"healthz","summary":"Whether the daemon lives.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}}},"security":[]}
    },
    "/readyz": {
      "get": {"operationId":"readyz","summary":"Whether it can serve.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}},"503":{"description":"Not now.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}}},"security":[]}
    },
    "/metrics": {
      "get": {"operationId":"metrics","summary":"Prometheus text.","responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/openapi.json": {
      "get": {"operationId":"openapi","summary":"This document.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object"}}}}},"security":[]}
    },
    "/.well-known/l402.json": {
      "get": {"operationId":"discovery","summary":"What is for sale and how it is paid for.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Discovery"}}}}},"security":[]}
    },
    "/admin/v1/overview": {
      "get": {"operationId":"adminOverview","summary":"How things stand, overdue work first.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Overview"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases": {
      "get": {"operationId":"adminLeases","summary":"Leases.","parameters":[{"$ref":"#/components/parameters/limit"},{"$ref":"#/components/parameters/cursor"},{"$ref":"#/components/parameters/state"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}": {
      "get": {"operationId":"adminLease","summary":"Everything about a lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/explain": {
      "get": {"operationId":"adminExplain","summary":"What happened to a lease, and why.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ExplainList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/outbox": {
      "get": {"operationId":"adminLeaseOutbox","summary":"What is still to be done for a lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/EffectList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/freeze": {
      "post": {"operationId":"adminFreeze","summary":"Seal a lease: time stops, doors shut.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/thaw": {
      "post": {"operationId":"adminThaw","summary":"Take the seal off.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/suspend": {
      "post": {"operationId":"adminSuspend","summary":"Suspend a lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/resume": {
      "post": {"operationId":"adminResume","summary":"Resume it.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/protect": {
      "post": {"operationId":"adminProtect","summary":"Keep a lease past its retention, or no longer.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/ProtectRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/evict": {
      "post": {"operationId":"adminEvict","summary":"End a lease at a moment; without one, call it off.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/EvictRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/variants": {
      "get": {"operationId":"adminVariants","summary":"What became of the purchases of each variant of an offer.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/VariantList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/audit": {
      "get": {"operationId":"adminAudit","summary":"Prove the books.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Audit"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/parked": {
      "get": {"operationId":"adminParked","summary":"Leases whose step keeps failing.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ParkedList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/unbooked": {
      "get": {"operationId":"adminUnbooked","summary":"Settlements that could not be booked.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/UnbookedList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/outbox": {
      "get": {"operationId":"adminOutbox","summary":"How much is still to be done.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Overdue"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/keys": {
      "get": {"operationId":"adminKeys","summary":"The epochs of the master key.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/KeyEpochList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/keys/rotate": {
      "post": {"operationId":"adminRotateKeys","summary":"Begin an epoch: seconds later new credentials are minted in it.","responses":{"201":{"description":"Begun.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/KeyEpochItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/keys/{epoch}": {
      "delete": {"operationId":"adminRetireEpoch","summary":"Retire an epoch: its credentials open nothing any more.","parameters":[{"$ref":"#/components/parameters/epoch"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/credentials": {
      "delete": {"operationId":"adminRevokeAll","summary":"End every credential of a lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Revoked"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/exchange-rates/{currency}/confirm": {
      "post": {"operationId":"adminConfirmRate","summary":"Believe the rate that is in doubt.","parameters":[{"$ref":"#/components/parameters/currency"}],"responses":{"200":{"description":"The rate that is believed now.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ExchangeRate"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/breaker/release": {
      "post": {"operationId":"adminReleaseBreaker","summary":"Let suspensions go on for ten minutes.","responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    }
    """#
}
