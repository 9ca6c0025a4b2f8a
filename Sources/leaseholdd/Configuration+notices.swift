import Engine
import L402
import Notices

extension Configuration {
  /// How renters are told what will happen, where they ask for it.
  struct Notices: Sendable {
    /// Addresses that webhooks may go to although they are not public.
    var webhookAllow: [AddressRange]
    /// The program that sends mail, and whom it comes from; `nil`: no mail is sent.
    var email: (sendmail: String, from: EmailAddress)?

    /// - Parameter provider: its name, for people.
    func messengers(of provider: String) -> [any Messenger] {
      var all: [any Messenger] = [WebhookMessenger(ReachableHosts(ReachableAddresses(allowing: webhookAllow)))]
      if let email { all.append(EmailMessenger(sendmail: email.sendmail, from: email.from, provider: provider)) }
      return all
    }
  }
}

extension Configuration.Notices {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("webhook_allow", "sendmail", "email_from")
    webhookAllow = try yaml["webhook_allow"].items.map { item in
      guard let range = AddressRange(try item.string()) else {
        throw item.fault("expected an address or a block of them: 10.0.0.0/8")
      }
      return range
    }
    guard let sendmail = try yaml["sendmail"].optionalString() else { return }
    guard sendmail.hasPrefix("/") else { throw yaml["sendmail"].fault("expected an absolute path: /usr/sbin/sendmail") }
    guard let from = EmailAddress(try yaml["email_from"].string()) else {
      throw yaml["email_from"].fault("expected whom mail comes from: rent@example.com")
    }
    email = (sendmail, from)
  }
}
