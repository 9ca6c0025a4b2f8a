import Logging
import Units

/// The services of what is known of our surroundings, and of when not to be sure.
public struct Doubts: Sendable {
  let health: Health
  let spared: SparedLeases
  public let rates: Rates
  public let node: NodeWatch
  let breaker: Breaker

  init(
    store: any Store, node: any LightningNode, clock: any WallClock, rateSources: [any ExchangeRateSource],
    settings: Settings, log: Logger
  ) {
    health = Health(
      window: settings.breakerWindow, nodeOutage: settings.nodeOutage, rateOutage: settings.exchangeRateOutage)
    spared = SparedLeases()
    rates = Rates(
      settings.exchangeRates, sources: rateSources, store: store, clock: clock, health: health, log: log)
    self.node = NodeWatch(node, health: health, clock: clock, log: log)
    breaker = Breaker(settings: settings, health: health, rates: rates, spared: spared)
  }
}
