/// Why a request is refused, in one word: what programs look at, in the `code` of a problem document and at the end of
/// its `type`.
///
/// A word that was given out keeps its meaning. What each means and what to do about it is in ``ProblemPage/all``.
public enum ProblemCode: String, Hashable, Sendable, Codable, CaseIterable {
  // Requests.
  case badRequest = "bad-request"
  case badHeader = "bad-header"
  case httpVersion = "http-version"
  case transferCoding = "transfer-coding"
  case brokenOff = "broken-off"
  case bodyTimeout = "body-timeout"
  case malformedJSON = "malformed-json"
  case invalidField = "invalid-field"
  case unsupportedMediaType = "unsupported-media-type"
  case tooLarge = "too-large"
  case notFound = "not-found"
  case methodNotAllowed = "method-not-allowed"
  case idempotencyConflict = "idempotency-conflict"
  case tooManyRequests = "too-many-requests"
  case tooManyAtOnce = "too-many-at-once"
  case tooManyStreams = "too-many-streams"
  case unavailable
  case `internal`

  // Credentials.
  case credentialRequired = "credential-required"
  case credentialMalformed = "credential-malformed"
  case credentialForged = "credential-forged"
  case credentialRevoked = "credential-revoked"
  case credentialRetired = "credential-retired"
  case credentialStale = "credential-stale"
  case wrongPreimage = "wrong-preimage"
  case wrongPassword = "wrong-password"
  case caveatWidened = "caveat-widened"
  case caveatMalformed = "caveat-malformed"
  case unknownCaveat = "unknown-caveat"
  case thirdPartyUndischarged = "third-party-undischarged"
  case thirdPartyKeyUnreadable = "third-party-key-unreadable"
  case thirdPartyCaveats = "third-party-caveats"
  case dischargeForged = "discharge-forged"
  case dischargeUnbound = "discharge-unbound"
  case dischargeUnused = "discharge-unused"
  case dischargeRepeated = "discharge-repeated"
  case dischargeCycle = "discharge-cycle"
  case dischargesTooMany = "discharges-too-many"
  case dischargesTooDeep = "discharges-too-deep"
  case wrongLease = "wrong-lease"
  case notYours = "not-yours"
  case narrowedCapability = "narrowed-capability"
  case narrowedPath = "narrowed-path"
  case narrowedMethod = "narrowed-method"
  case narrowedSource = "narrowed-source"
  case narrowedPort = "narrowed-port"
  case narrowedAmount = "narrowed-amount"
  case narrowedVariant = "narrowed-variant"
  case narrowedExpired = "narrowed-expired"
  case tooManyCredentials = "too-many-credentials"
  case tooManyContacts = "too-many-contacts"
  case adminDisabled = "admin-disabled"
  case adminTokenRequired = "admin-token-required"

  // Offers and leases.
  case paymentRequired = "payment-required"
  case unknownOffer = "unknown-offer"
  case unknownLease = "unknown-lease"
  case unknownPayment = "unknown-payment"
  case noCapacity = "no-capacity"
  case placeFree = "place-free"
  case waitlistFull = "waitlist-full"
  case unknownWaitlistEntry = "unknown-waitlist-entry"
  case exchangeRateUnavailable = "exchange-rate-unavailable"
  case leaseClosed = "lease-closed"
  case leaseFrozen = "lease-frozen"
  case leaseSuspendedByOperator = "lease-suspended-by-operator"
  case leaseEvicting = "lease-evicting"
  case leaseUnpaid = "lease-unpaid"
  case leaseSuspended = "lease-suspended"
  case limitReached = "limit-reached"
  case notPaidYet = "not-paid-yet"
  case notSuspended = "not-suspended"
  case alreadySuspended = "already-suspended"
  case notFrozen = "not-frozen"
  case otherKind = "other-kind"
  case purelyMetered = "purely-metered"
  case moreStored = "more-stored"
  case moreMemoryUsed = "more-memory-used"
  case changeNotPossible = "change-not-possible"
  case invoiceExpired = "invoice-expired"
  case unknownInvoice = "unknown-invoice"
  case playMoneyIsLocal = "play-money-is-local"

  // Credit and payouts.
  case noCredit = "no-credit"
  case overCredit = "over-credit"
  case walletRefused = "wallet-refused"
  case targetClosed = "target-closed"
  case underpaid
  case payoutsUnavailable = "payouts-unavailable"
  case payoutsPending = "payouts-pending"
  case payoutShare = "payout-share"
  case payoutLimit = "payout-limit"
  case invoiceLastsTooLong = "invoice-lasts-too-long"
  case invoiceOurs = "invoice-ours"
  case invoiceForeignNetwork = "invoice-foreign-network"
  case invoiceAmountless = "invoice-amountless"
  case invoiceAboveCredit = "invoice-above-credit"
  case invoiceAboveLimit = "invoice-above-limit"
  case invoiceTaken = "invoice-taken"

  // Containers.
  case containerStopped = "container-stopped"
  case containerBusy = "container-busy"
  case containerCannotStart = "container-cannot-start"
  case portRefused = "port-refused"
  case portSilent = "port-silent"
  case portBroken = "port-broken"

  // Files on a disk.
  case badPath = "bad-path"
  case malformedXML = "malformed-xml"
  case truncated
  case checksumMismatch = "checksum-mismatch"
  case readOnly = "read-only"
  case unsupported
  case root
  case reservedName = "reserved-name"
  case samePlace = "same-place"
  case unknownMethod = "unknown-method"
  case isFolder = "is-folder"
  case exists
  case noParent = "no-parent"
  case notEmpty = "not-empty"
  case notServed = "not-served"
  case otherVolume = "other-volume"
  case tooDeep = "too-deep"
  case uploadOffset = "upload-offset"
  case preconditionFailed = "precondition-failed"
  case nameTooLong = "name-too-long"
  case bodyRefused = "body-refused"
  case contentEncoding = "content-encoding"
  case rangeNotSatisfiable = "range-not-satisfiable"
  case badLock = "bad-lock"
  case noConflictingLock = "no-conflicting-lock"
  case lockTokenSubmitted = "lock-token-submitted"
  case lockTokenMatchesRequestUri = "lock-token-matches-request-uri"
  case diskFailure = "disk-failure"
  case otherServer = "other-server"
  case busy
  case stopped
  case stopping
  case noSpace = "no-space"
  case tooManyProperties = "too-many-properties"
  case tooManyLocks = "too-many-locks"

  // For the operator.
  case noEpochLeft = "no-epoch-left"
  case lastEpoch = "last-epoch"
  case nothingToConfirm = "nothing-to-confirm"
  case leaseUnknown = "lease-unknown"
  case leaseQuoted = "lease-quoted"
  case payoutPaid = "payout-paid"
  case payoutUnderWay = "payout-under-way"
  case payoutDoubtful = "payout-doubtful"
  case payoutChanged = "payout-changed"
  case labelTaken = "label-taken"
  case payoutOver = "payout-over"
}

extension ProblemCode: CustomStringConvertible {
  /// As it stands in documents and logs.
  public var description: String { rawValue }
}
