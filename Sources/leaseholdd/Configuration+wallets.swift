import Engine
import L402
import Ledger
import Notices
import Units

extension Configuration {
  /// Renters' wallets that are asked for renewals.
  struct Wallets: Sendable {
    var enabled = true
    /// For one lease in a day.
    var maxMsatPerDay = Settings.Pulls().maxPerDay.count
    /// Blocks that are reached although they are not public, such as those of a relay of the provider's own.
    var allowed: [AddressRange] = []

    var reachable: ReachableAddresses { ReachableAddresses(allowing: allowed) }
  }
}

extension Configuration.Wallets {
  init(_ yaml: YAMLReader) throws {
    try yaml.allow("enabled", "max_msat_per_day", "allow")
    enabled = try yaml["enabled"].boolean(default: true)
    maxMsatPerDay = try yaml["max_msat_per_day"].integer(
      in: 1_000...Millisatoshi.supply.count, default: maxMsatPerDay)
    allowed = try yaml["allow"].items.map { item in
      guard let range = AddressRange(try item.string()) else {
        throw item.fault("expected an address or a block of them: 10.0.0.0/8")
      }
      return range
    }
  }
}
