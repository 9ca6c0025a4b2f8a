import Engine
import Leasing
import Macaroons
import QR
import Subprocess
import Units

/// Sends messages as e-mail through the provider's own `sendmail`, which knows how mail leaves this machine. The address is
/// asked before anything else is sent there.
public struct EmailMessenger: Messenger {
  /// Absolute; speaks as `sendmail -t -i` does.
  private let sendmail: String
  private let from: EmailAddress
  private let provider: String
  private let patience: Duration

  /// - Parameters:
  ///   - provider: its name, for people.
  ///   - patience: whoever does not take a mail within so long is ended; under twenty seconds.
  public init(sendmail: String, from: EmailAddress, provider: String, patience: Duration = .seconds(15)) {
    self.patience = patience
    self.sendmail = sendmail
    self.from = from
    self.provider = provider
  }

  public var channel: ContactRecord.Channel { .email }
  public var asksFirst: Bool { true }

  public func place(_ wish: ContactWish) throws(ContactFault) -> ContactPlace {
    guard let address = EmailAddress(wish.address) else {
      throw ContactFault("expected an address as somebody@example.com, in plain letters")
    }
    return ContactPlace(address: address.text.lowercased())
  }

  public func masked(_ place: ContactPlace) -> String { EmailAddress(place.address)?.masked ?? "…" }

  /// One relay takes all; who it goes to is bounded by his host.
  public func site(of place: ContactPlace) -> String {
    place.address.split(separator: "@").last.map(String.init(_:)) ?? ""
  }

  public func deliver(
    _ message: Message, to place: ContactPlace, signedWith key: Bytes32
  ) async throws(DeliveryFault) {
    guard let to = EmailAddress(place.address) else { throw DeliveryFault("it is no address", isFinal: true) }
    let words = MessageText(message, from: provider)
    let mail = EmailMessage(
      from: from, to: to, subject: words.subject,
      text: words.paragraphs.joined(separator: "\n\n") + "\n"
        + Self.ending(message), html: Self.html(words, message), unsubscribe: message.settingsAt.map { "\($0)/end" },
      key: message.id)
    try await send(mail.rendered(date: message.announcedAt.rfc5322))
  }

  private static func ending(_ message: Message) -> String {
    message.settingsAt.map { "\nNo more of these: \($0)\n" } ?? ""
  }

  private static func html(_ words: MessageText, _ message: Message) -> String {
    var text = "<!doctype html>\n<html lang=\"en\"><body>\n"
    for paragraph in words.paragraphs { text += "<p>\(linked(paragraph))</p>\n" }
    // In capitals an invoice makes a smaller code.
    let scanned = message.invoice.map { MessageText.link($0).uppercased() } ?? message.payAt
    if let scanned, let code = QRCode(scanned) { text += code.table }
    if let settingsAt = message.settingsAt { text += "<p>No more of these: \(linked(settingsAt))</p>\n" }
    return text + "</body></html>\n"
  }

  /// Escaped, and an address at the end made a link.
  private static func linked(_ text: String) -> String {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    return words.map { word in
      let safe = escaped(word)
      let isLink = ["https://", "http://", "lightning:"].contains { word.hasPrefix($0) }
      return isLink ? "<a href=\"\(safe)\">\(safe)</a>" : safe
    }.joined(separator: " ")
  }

  private static func escaped(_ text: Substring) -> String {
    String(text).replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;").replacing("'", with: "&#39;")
  }

  /// Hands a message for nobody to the program, which refuses it: that it does so says that it runs.
  ///
  /// - Throws: where it cannot be run, does not end, or ends as `sysexits.h` has it for what is wrong with the machine, from
  ///   69 (`EX_UNAVAILABLE`) to 78 (`EX_CONFIG`).
  public func tryOut() async throws(DeliveryFault) {
    let status = try await run(Array("From: \(from)\r\nSubject: Nobody\r\n\r\nNothing.\r\n".utf8))
    switch status {
    case .exited(let code) where !(69...78).contains(code) && code < 126: return
    case .exited, .signaled: try check(status)
    }
  }

  /// Sends a mail that says that mails arrive.
  public func greet(_ address: EmailAddress, at now: Instant) async throws(DeliveryFault) {
    let mail = EmailMessage(
      from: from, to: address, subject: "\(provider): a mail to see that mails arrive",
      text: "Renters are told from this address what will happen to their leases.\n",
      key: "greeting/\(now.microseconds)")
    try check(try await run(mail.rendered(date: now.rfc5322)))
  }

  private func send(_ mail: [UInt8]) async throws(DeliveryFault) { try check(try await run(mail)) }

  private func check(_ status: TerminationStatus) throws(DeliveryFault) {
    switch status {
    case .exited(0): return
    case .exited(let code): throw DeliveryFault("sendmail ended with \(code)")
    case .signaled: throw DeliveryFault("sendmail was killed")
    }
  }

  private func run(_ mail: [UInt8]) async throws(DeliveryFault) -> TerminationStatus {
    var platform = PlatformOptions()
    platform.createSession = true
    platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(1))]
    let configuration = Subprocess.Configuration(
      executable: .path(.init(sendmail)), arguments: ["-t", "-i"],
      environment: .custom(["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"]), platformOptions: platform)
    let status: TerminationStatus?
    do {
      status = try await Deadlines.shared.within(patience) {
        guard let file = MemoryFile(mail) else { throw DeliveryFault("there is no memory for a mail") }
        return try await Subprocess.run(
          configuration, input: .fileDescriptor(file.descriptor, closeAfterSpawningProcess: false), output: .discarded,
          error: .discarded
        ).terminationStatus
      }
    } catch let fault as DeliveryFault {
      throw fault
    } catch {
      throw DeliveryFault("sendmail could not be run")
    }
    guard let status else { throw DeliveryFault("sendmail did not take it in time") }
    return status
  }
}

extension Instant {
  /// `Sat, 28 Nov 2026 12:00:00 +0000` (RFC 5322 §3.3), to the second.
  var rfc5322: String {
    let (day, second) = Int64(unixSeconds).quotientAndRemainder(dividingBy: 86_400)
    let date = CivilDate(day: day)
    func two(_ number: Int64) -> String { (number < 10 ? "0" : "") + String(number) }
    let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    return "\(names[Int(((day % 7) + 7) % 7)]), \(two(date.day)) \(months[Int(date.month) - 1]) \(date.year) "
      + "\(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60)) +0000"
  }
}
