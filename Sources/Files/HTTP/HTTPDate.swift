import Glibc
import Units

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7), without Foundation.
public enum HTTPDate {
  private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// - Parameter seconds: since 1970; years outside 1970…9999 are drawn to the edge.
  public static func format(_ seconds: Int64) -> String {
    let seconds = min(max(seconds, 0), 253_402_300_799)
    let (day, rest) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let date = CivilDate(day: day)
    return String(unsafeUninitializedCapacity: 29) { text in
      var end = 0
      func put(_ words: some Sequence<UInt8>) {
        for byte in words {
          text[end] = byte
          end += 1
        }
      }
      func put(_ number: Int64, digits: Int) {
        var divisor: Int64 = digits == 4 ? 1_000 : 10
        while divisor > 0 {
          put(CollectionOfOne(0x30 + UInt8(number / divisor % 10)))
          divisor /= 10
        }
      }
      put(days[Int(day % 7)].utf8)
      put(", ".utf8)
      put(date.day, digits: 2)
      put(CollectionOfOne(0x20))
      put(months[Int(date.month) - 1].utf8)
      put(CollectionOfOne(0x20))
      put(date.year, digits: 4)
      put(CollectionOfOne(0x20))
      put(rest / 3_600, digits: 2)
      put(CollectionOfOne(0x3A))
      put(rest / 60 % 60, digits: 2)
      put(CollectionOfOne(0x3A))
      put(rest % 60, digits: 2)
      put(" GMT".utf8)
      return end
    }
  }

  /// All three forms that a recipient must read (RFC 9110 §5.6.7); what is written otherwise counts as not sent.
  ///
  /// - Parameter now: what tells the century of RFC 850's two digits: a year is at most 50 years ahead.
  public static func parse(_ text: String, now: Int64 = Self.now()) -> Int64? {
    let parts = text.split(separator: " ")
    switch parts.count {
    case 6 where parts[0].hasSuffix(",") && parts[5] == "GMT":
      return moment(parts[3], parts[2], parts[1], parts[4])
    case 4 where parts[0].hasSuffix(",") && parts[3] == "GMT":
      let day = parts[1].split(separator: "-", omittingEmptySubsequences: false)
      guard day.count == 3, day[2].utf8.count == 2, let short = Int64(day[2]), short >= 0 else { return nil }
      let thisYear = CivilDate(day: max(0, now) / 86_400).year
      let year = thisYear - thisYear % 100 + short
      return moment("\(year > thisYear + 50 ? year - 100 : year)", day[1], day[0], parts[2])
    // asctime(3): the day may be padded with a space.
    case 5 where !parts[0].hasSuffix(","):
      return moment(parts[4], parts[1], parts[2], parts[3])
    default: return nil
    }
  }

  /// Seconds since 1970, by the system.
  public static func now() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec)
  }

  private static func moment(
    _ year: some StringProtocol, _ month: Substring, _ date: Substring, _ clock: Substring
  ) -> Int64? {
    guard let date = Int64(date), let month = months.firstIndex(of: String(month)), let year = Int64(year),
      (1...31).contains(date), (1600...9999).contains(year)
    else { return nil }
    let clock = clock.split(separator: ":").map { Int64($0) }
    guard clock.count == 3, let hour = clock[0], let minute = clock[1], let second = clock[2],
      (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
    else { return nil }
    return CivilDate(year: year, month: Int64(month) + 1, day: date).daysSince1970 * 86_400 + hour * 3600 + minute * 60
      + second
  }
}
