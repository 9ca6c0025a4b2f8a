extension ProblemPage.Chapter {
  static let credentials = ProblemPage.Chapter(
    title: "Credentials", overview: "Who asks, and how far the credential reaches.",
    pages: [
      ProblemPage(
        .credentialRequired, [401],
        "This is asked with a credential of the lease, and none was shown.",
        "Show it: `Authorization: L402 <macaroon>:<preimage>`."),
      ProblemPage(
        .credentialMalformed, [401],
        "What should be a macaroon of this provider is none.",
        "Show the credential as it was given out."),
      ProblemPage(
        .credentialForged, [401],
        "The chain of the macaroon does not end in its signature.",
        "Show the credential as it was given out."),
      ProblemPage(
        .credentialRevoked, [401],
        "The credential, or one that it was made from, was revoked.",
        "Ask its holder for another, or pay for a new one."),
      ProblemPage(
        .credentialRetired, [401],
        "The key that the credential was made with is no longer in use.",
        "Ask its holder for another, or the provider."),
      ProblemPage(
        .credentialStale, [401],
        "The lease is paid up, and only the bound in this credential has passed.",
        "Exchange it, free of charge, at the link `credential`."),
      ProblemPage(
        .wrongPreimage, [401],
        "The preimage does not belong to this macaroon's payment.",
        "Show the preimage that the payment of this invoice brought."),
      ProblemPage(
        .wrongPassword, [401],
        "Nobody was given this user name, or it has another password.",
        "Ask for a new password at the credential's link."),
      ProblemPage(
        .caveatWidened, [401],
        "A later caveat allows more than an earlier one.",
        "Narrow only."),
      ProblemPage(
        .caveatMalformed, [401],
        "A caveat has a value that cannot be read.",
        "Write it as the renter's page says."),
      ProblemPage(
        .unknownCaveat, [401],
        "A caveat bears a condition that is not known here; it is never skipped.",
        "Leave it out, or use another condition."),
      ProblemPage(
        .thirdPartyUndischarged, [401],
        "A third-party caveat has no discharge.",
        "Fetch the discharge and send it along."),
      ProblemPage(
        .thirdPartyKeyUnreadable, [401],
        "The key in a third-party caveat cannot be opened.",
        "Add the caveat again."),
      ProblemPage(
        .thirdPartyCaveats, [403],
        "A credential with third-party caveats is not made anew.",
        "Use the one without them."),
      ProblemPage(
        .dischargeForged, [401],
        "The chain of a discharge does not end in its signature.",
        "Fetch it again."),
      ProblemPage(
        .dischargeUnbound, [401],
        "A discharge is not bound to this macaroon.",
        "Bind it before it is sent."),
      ProblemPage(
        .dischargeUnused, [401],
        "A discharge came that no caveat asks for.",
        "Leave it out."),
      ProblemPage(
        .dischargeRepeated, [401],
        "The same discharge came twice.",
        "Send it once."),
      ProblemPage(
        .dischargeCycle, [401],
        "Discharges ask for one another.",
        "Fetch other ones."),
      ProblemPage(
        .dischargesTooMany, [401],
        "More discharges came than are looked at.",
        "Send fewer."),
      ProblemPage(
        .dischargesTooDeep, [401],
        "Discharges of discharges are nested deeper than is looked at.",
        "Nest them less."),
      ProblemPage(
        .wrongLease, [403],
        "The credential belongs to another lease, or the request reaches into one.",
        "Use that lease's credential."),
      ProblemPage(
        .notYours, [403],
        "The credential that is to be revoked was not made from the one that was shown.",
        "Show the one that it was made from."),
      ProblemPage(
        .narrowedCapability, [403],
        "The credential was narrowed to other capabilities.",
        "Ask its holder for a wider one."),
      ProblemPage(
        .narrowedPath, [403],
        "The credential was narrowed to another folder.",
        "Ask its holder for a wider one."),
      ProblemPage(
        .narrowedMethod, [403],
        "The credential was narrowed to other methods.",
        "Ask its holder for a wider one."),
      ProblemPage(
        .narrowedSource, [403],
        "The credential was narrowed to other addresses.",
        "Ask from one of those, or ask its holder for a wider one."),
      ProblemPage(
        .narrowedPort, [403],
        "The credential opens ports of the container, and nothing else.",
        "Ask for one of those, or ask its holder for a wider one."),
      ProblemPage(
        .narrowedAmount, [403],
        "The invoice would be above the bound in the credential.",
        "Ask its holder for a wider one."),
      ProblemPage(
        .narrowedVariant, [403],
        "The lease was sold as another variant of its offer than the credential names.",
        "Use the credential that the lease was bought with."),
      ProblemPage(
        .narrowedExpired, [403],
        "The bound that the credential's holder set has passed; no payment moves it.",
        "Ask its holder for another."),
      ProblemPage(
        .tooManyCredentials, [409],
        "The lease has as many credentials or addresses as it may.",
        "Revoke some of them."),
      ProblemPage(
        .tooManyContacts, [409],
        "The lease has as many contacts as it may.",
        "Take one away first."),
      ProblemPage(
        .adminDisabled, [403],
        "This daemon has no operator's token.",
        "Set one in its configuration."),
      ProblemPage(
        .adminTokenRequired, [401],
        "This is the operator's, and no operator's token was shown.",
        "Show it: `Authorization: Bearer <token>`."),
    ])
}
