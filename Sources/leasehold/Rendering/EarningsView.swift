import Wire

enum EarningsView {
  static func table(_ items: [EarningItem]) -> String {
    guard !items.isEmpty else { return "nothing was earned in these days\n" }
    var table = Table([
      ("DAY", .left), ("OFFER", .left), ("LEASES", .right), ("TIME", .right), ("USAGE", .right), ("ALL", .right),
    ])
    for item in items {
      table.add([
        String(item.day.description.prefix(10)), item.offer, "\(item.leases)", Human.sats(item.timeMsat),
        Human.sats(item.usageMsat), Human.sats(item.timeMsat + item.usageMsat),
      ])
    }
    let sum = items.reduce(0) { $0 + $1.timeMsat + $1.usageMsat }
    return table.text + "earned in all: \(Human.sats(sum))\n"
  }
}
