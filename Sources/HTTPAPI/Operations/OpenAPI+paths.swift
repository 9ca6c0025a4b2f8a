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
    "/v1/offers/{offer}/lease": {
      "get": {"operationId":"rentByLooking","summary":"One period of an offer, for clients that can only GET: 402, and with the paid credential the lease, however often.","parameters":[{"$ref":"#/components/parameters/offer"},{"$ref":"#/components/parameters/idempotency_key"}],"responses":{"200":{"description":"The lease that was bought.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{},{"l402":[]}]}
    },
    "/.well-known/lnurlp/{name}": {
      "get": {"operationId":"lnurlPayRequest","summary":"LNURL-pay (LUD-06, LUD-16): what may be sent for more time of a lease. No credential is shown, and none is given.","parameters":[{"$ref":"#/components/parameters/name"}],"responses":{"200":{"description":"The document, or LNURL's refusal.","content":{"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/LNURLPayRequest"},{"$ref":"#/components/schemas/LNURLError"}]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/lnurlp/{name}": {
      "get": {"operationId":"lnurlInvoice","summary":"The callback of LNURL-pay: an invoice whose hash is that of the metadata. What is paid buys time at the price of a renewal.","parameters":[{"$ref":"#/components/parameters/name"},{"$ref":"#/components/parameters/amount"},{"$ref":"#/components/parameters/comment"}],"responses":{"200":{"description":"The invoice, or LNURL's refusal.","content":{"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/LNURLInvoice"},{"$ref":"#/components/schemas/LNURLError"}]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/offers/{offer}/waitlist": {
      "post": {"operationId":"joinWaitlist","summary":"Wait for a place of a full offer: whoever joined first is offered the next one that becomes free.","description":"The body is the request that POST /v1/leases would have. The answer has a ticket, a secret that is told once.","parameters":[{"$ref":"#/components/parameters/offer"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RentRequest"}}}},"responses":{"201":{"description":"In the queue.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/WaitlistEntry"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/waitlist/{ticket}": {
      "get": {"operationId":"getWaitlistEntry","summary":"How an entry of a waitlist stands. Where a place is held for it: the challenge that buys it, for some time; POST /v1/leases with the request as it was and the paid credential is the lease.","parameters":[{"$ref":"#/components/parameters/ticket"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/WaitlistEntry"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[]},
      "delete": {"operationId":"leaveWaitlist","summary":"Leave a waitlist. A place that is held lapses by itself.","parameters":[{"$ref":"#/components/parameters/ticket"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/leases": {
      "post": {"operationId":"rent","summary":"Quote a lease; with the paid credential of the same request, the lease.","parameters":[{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RentRequest"}}}},"responses":{"201":{"description":"The lease that was bought.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{},{"l402":[]}]}
    },
    "/v1/quotes": {
      "post": {"operationId":"quote","summary":"What a wish costs, and the challenge that buys it; POST /v1/leases with the same wish and the paid credential is the lease.","parameters":[{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RentRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Quote"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[]}
    },
    "/v1/leases/{lease}": {
      "get": {"operationId":"getLease","summary":"The lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "delete": {"operationId":"releaseLease","summary":"Give the lease back; what is left becomes credit.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/limits": {
      "put": {"operationId":"setLimits","summary":"Let the lease spend so much in a day on what is metered. At 80 % of it the renter is told, and at all of it the lease is suspended until the next day, or until the limit is raised.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/LimitsRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Lease"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
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
      "post": {"operationId":"spendCredit","summary":"Spend credit on another lease, or on this one's own time. Needs an Idempotency-Key: the same one again moves nothing twice.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/required_idempotency_key"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/SpendCreditRequest"}}}},"responses":{"200":{"description":"Moved.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/SpentCredit"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
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
    "/v1/leases/{lease}/addresses": {
      "get": {"operationId":"listAddresses","summary":"The lease's addresses, at most 16, without what is secret of them.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AddressList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "post": {"operationId":"makeAddress","summary":"An address of the lease: where clients come back that drop their credential at a 402.","description":"Under an Idempotency-Key of 22 characters or more the same credential is told the same again.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/idempotency_key"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/AddressRequest"}}}},"responses":{"201":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Address"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/wallet": {
      "get": {"operationId":"showWallet","summary":"Which wallet of the renter's is asked for renewals, without what is secret of it, and how its budget stands; an empty object: none is.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Wallet"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "put": {"operationId":"setWallet","summary":"Let a wallet be asked for renewals (Nostr Wallet Connect, NIP-47), within a budget.","description":"With each reminder that time runs out the wallet is asked to pay one period. The wallet must speak NIP-44 and do pay_invoice and lookup_invoice. What is paid is told by our own node, never by the wallet. The same grant told again is the same one; another takes its place. It goes when the lease closes.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/WalletRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Wallet"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "delete": {"operationId":"endWallet","summary":"No wallet is asked for renewals any more.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/addresses/{token}": {
      "delete": {"operationId":"revokeAddress","summary":"Revoke an address, and every credential that was bought there.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/token"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/contacts": {
      "get": {"operationId":"listContacts","summary":"Where the renter is told what will happen, masked; at most five.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ContactList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "post": {"operationId":"addContact","summary":"Name where the renter wants to be told.","description":"The same place again is the same contact. Not by a narrowed credential. An e-mail address is asked first whether it may be used.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/ContactRequest"}}}},"responses":{"201":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Contact"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/contacts/{contact}": {
      "delete": {"operationId":"removeContact","summary":"Take a contact away, with what is on its way there.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/contact"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/n/{code}": {
      "get": {"operationId":"contactSettings","summary":"A page for the owner of an e-mail address, where it is confirmed and ended.","parameters":[{"$ref":"#/components/parameters/code"}],"responses":{"200":{"description":"Done.","content":{"text/html":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}}}
    },
    "/n/{code}/confirm": {
      "post": {"operationId":"confirmContact","summary":"Its owner says that it may be used.","parameters":[{"$ref":"#/components/parameters/code"}],"responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}}}
    },
    "/n/{code}/end": {
      "post": {"operationId":"endContact","summary":"Its owner wants nothing more (RFC 8058).","parameters":[{"$ref":"#/components/parameters/code"}],"responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}}}
    },
    "/v1/leases/{lease}/attachments": {
      "get": {"operationId":"listAttachments","summary":"The containers a disk is or was mounted in, or the disk of a container: newest first, the last thousand.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/Attachment"}},"next_cursor":{"type":["string","null"]}},"required":["items","next_cursor"]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]},
      "delete": {"operationId":"endAttachments","summary":"End every attachment of the lease. A container that had the disk is started again without it.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/attachments/{other}": {
      "delete": {"operationId":"endAttachment","summary":"End the attachment with one other lease.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/other"}],"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/credentials/rotate": {
      "post": {"operationId":"rotate","summary":"A new credential; all others are revoked. Under an Idempotency-Key of 22 characters or more the same credential is told the same again.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/idempotency_key"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/MintedCredential"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/exec": {
      "post": {"operationId":"exec","summary":"Run a command.","description":"With the header Leasehold-Exec the body is what the command reads, of any length, taken as fast as the command takes it and while it answers. Without it the body is an ExecRequest, and what the command reads is in it. At most 16 commands of one lease run at once: 429 too-many-at-once.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/leasehold_exec"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/ExecRequest"}},"application/octet-stream":{"schema":{"type":"string","format":"binary"}}}},"responses":{"200":{"description":"Lines of ExecLine.","content":{"application/x-ndjson":{"schema":{"$ref":"#/components/schemas/ExecLine"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
    },
    "/v1/leases/{lease}/logs": {
      "get": {"operationId":"logs","summary":"What the container wrote, without a gap. A follow ends with the container, and where it has fallen behind what is kept: ask again from where it ended.","parameters":[{"$ref":"#/components/parameters/lease"},{"$ref":"#/components/parameters/tail"},{"$ref":"#/components/parameters/from"},{"$ref":"#/components/parameters/follow"}],"responses":{"200":{"description":"Done.","headers":{"Log-Position":{"description":"Position of the first byte: so many were written before it since the container was made.","schema":{"type":"integer","format":"int64","minimum":0}}},"content":{"text/plain":{"schema":{"type":"string"}}}},"402":{"$ref":"#/components/responses/PaymentRequired"},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"l402":[]}]}
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
    "/healthz": {
      "get": {"operationId":"healthz","summary":"Whether the daemon lives.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}}},"security":[]}
    },
    "/readyz": {
      "get": {"operationId":"readyz","summary":"Whether it can serve.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}},"503":{"description":"Not now.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Health"}}}}},"security":[]}
    },
    "/metrics": {
      "get": {"operationId":"metrics","summary":"Prometheus text, for the provider.","responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/openapi.json": {
      "get": {"operationId":"openapi","summary":"This document.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object"}}}}},"security":[]}
    },
    "/llms.txt": {
      "get": {"operationId":"guide","summary":"What a language model is told of this server.","responses":{"200":{"description":"Done.","content":{"text/plain":{"schema":{"type":"string"}}}}},"security":[]}
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
      "post": {"operationId":"adminFreeze","summary":"Seal a lease: time stops, doors shut.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/OperatorRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/thaw": {
      "post": {"operationId":"adminThaw","summary":"Take the seal off.","parameters":[{"$ref":"#/components/parameters/lease"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/leases/{lease}/suspend": {
      "post": {"operationId":"adminSuspend","summary":"Suspend a lease.","parameters":[{"$ref":"#/components/parameters/lease"}],"requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/OperatorRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/AdminLeaseItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
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
    "/admin/v1/earnings": {
      "get": {"operationId":"adminEarnings","summary":"What was earned by day and offer, the newest day first.","parameters":[{"$ref":"#/components/parameters/days"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/EarningList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/audit": {
      "get": {"operationId":"adminAudit","summary":"Prove what came into the books since the last proof, or all of them.","parameters":[{"$ref":"#/components/parameters/full"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Audit"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/parked": {
      "get": {"operationId":"adminParked","summary":"Leases whose step keeps failing.","responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/ParkedList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/notices": {
      "get": {"operationId":"adminNotices","summary":"What renters were to be told and was not, the newest first.","parameters":[{"$ref":"#/components/parameters/limit"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/DeadLetterList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/notices/retry": {
      "post": {"operationId":"retryNotices","summary":"Send it again for a day: one, those of a lease, or at most a thousand of all.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/RetryNoticesRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/Retried"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/unbooked": {
      "get": {"operationId":"adminUnbooked","summary":"Settlements that could not be booked.","parameters":[{"$ref":"#/components/parameters/payout_state"},{"$ref":"#/components/parameters/limit"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/UnbookedList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/waitlist": {
      "get": {"operationId":"adminWaitlist","summary":"Who waits for places of full offers, oldest first.","parameters":[{"$ref":"#/components/parameters/limit"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/WaitlistEntry"}},"next_cursor":{"type":["string","null"]}},"required":["items","next_cursor"]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/credits": {
      "get": {"operationId":"adminCredits","summary":"Outages that were made good, the newest first.","parameters":[{"$ref":"#/components/parameters/limit"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"type":"object","properties":{"items":{"type":"array","items":{"$ref":"#/components/schemas/OutageCreditItem"}},"next_cursor":{"type":["string","null"]}},"required":["items","next_cursor"]}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]},
      "post": {"operationId":"adminCredit","summary":"Make an outage good: every lease that was in service then, on this host or any, is given the time it lost, or a sum.","description":"Once for each lease and label, however often it is asked for. With dry_run nothing is given: the answer says what it would come to.","requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/OutageCreditRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/OutageCreditItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/payouts": {
      "get": {"operationId":"adminPayouts","summary":"Credit paid out, or on its way; the newest first.","parameters":[{"$ref":"#/components/parameters/payout_state"},{"$ref":"#/components/parameters/limit"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/PayoutList"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/payouts/{payment_hash}": {
      "get": {"operationId":"adminPayout","summary":"One payout, and what the node says of it now.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/PayoutItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/payouts/{payment_hash}/fail": {
      "post": {"operationId":"adminFailPayout","summary":"Give the credit of a stuck payout back.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/FailPayoutRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/PayoutItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/payouts/{payment_hash}/settle": {
      "post": {"operationId":"adminSettlePayout","summary":"Book a stuck payout as paid, by its preimage.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/SettlePayoutRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/PayoutItem"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/audit/node": {
      "post": {"operationId":"adminAuditWithNode","summary":"Compare the books with what the node says was paid.","requestBody":{"required":false,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/NodeAuditRequest"}}}},"responses":{"200":{"description":"Done.","content":{"application/json":{"schema":{"$ref":"#/components/schemas/NodeAudit"}}}},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/unbooked/{payment_hash}/resolve": {
      "post": {"operationId":"adminResolveUnbooked","summary":"Say that an unbooked settlement was dealt with in another way.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/UnbookedRequest"}}}},"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
    },
    "/admin/v1/unbooked/{payment_hash}/credit": {
      "post": {"operationId":"adminCreditUnbooked","summary":"Make an unbooked settlement credit of its lease.","parameters":[{"$ref":"#/components/parameters/payment_hash"}],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/UnbookedRequest"}}}},"responses":{"204":{"description":"Done."},"default":{"$ref":"#/components/responses/Problem"}},"security":[{"admin":[]}]}
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
