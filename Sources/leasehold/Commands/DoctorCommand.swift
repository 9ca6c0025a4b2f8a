import ArgumentParser
import Client
import Foundation
import Wire

struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check that everything is as it should be.",
    discussion: """
      Looks at the state folder, the wallet, the server, its clock and readiness, and unfinished payments; with the provider's \
      token also at overdue work, capacity and the books. Ends with 0 when nothing failed.
      """)

  @OptionGroup var options: GlobalOptions
  @OptionGroup var admin: AdminOptions
  @OptionGroup var source: WalletOptions

  func run() async throws {
    // What merely lies about is the token of the provider of this machine, and shown to no other.
    let token = try admin.tokenIfAny(for: options.address())
    let wallet = try ChosenWallet(options, source)
    try await Session.run(options) { session in
      var checks = Checkup(session: session, wallet: wallet)
      await checks.run(token: token)
      let report = checks.report
      session.put(report) {
        var table = Table("CHECK", "", "")
        for check in report.checks { table.add([check.name, check.status.rawValue, check.detail]) }
        return table.text
      }
      if !report.sound { throw ExitCode(ExitStatus.failed.rawValue) }
    }
  }
}

/// What a doctor finds.
struct Checkup {
  enum Status: String, Codable {
    case ok
    case warning
    case failed
  }

  struct Check: Codable, Hashable {
    var name: String
    var status: Status
    var detail: String
  }

  struct Report: Codable {
    var sound: Bool
    var checks: [Check]
  }

  let session: Session
  let wallet: ChosenWallet
  private var checks: [Check] = []

  init(session: Session, wallet: ChosenWallet) {
    self.session = session
    self.wallet = wallet
  }

  var report: Report { Report(sound: !checks.contains { $0.status == .failed }, checks: checks) }

  mutating func run(token: String?) async {
    state()
    await wallet()
    await server()
    if let token { await provider(AdminClient(session.client, token: token)) }
  }

  private mutating func add(_ name: String, _ status: Status, _ detail: String) {
    checks.append(Check(name: name, status: status, detail: detail))
  }

  private mutating func state() {
    let state = session.client.state
    do {
      let loose = try state.looseBits()
      if loose == 0 {
        add("state", .ok, state.path)
      } else {
        add("state", .failed, "\(state.path) is open to others: chmod 700 it")
      }
      let leases = try state.storedLeases(of: session.client.server)
      add("credentials", .ok, "\(leases.count { !$0.isClosed }) kept for \(session.client.server)")
      let damaged = try state.damagedLeases()
      if !damaged.isEmpty { add("credentials", .failed, "damaged: \(damaged.joined(separator: ", "))") }
      let paid = try state.unfinishedPurchases(of: session.client.server).filter { $0.paymentHash != nil }
      if !paid.isEmpty { add("payments", .warning, "\(paid.count) unfinished: run 'leasehold recover'") }
      let budget = try state.budget(wallet.configuration.budget)
      let spent = try state.spendings().spent(at: session.now).count
      let bound = budget.perDay.map { " of \(Human.sats($0.count))" } ?? ", no bound"
      let used = budget.perDay.map { spent >= $0.count } ?? false
      add("budget", used ? .warning : .ok, "\(Human.sats(spent)) spent in 24 h\(bound)")
    } catch {
      add("state", .failed, "\(error)")
    }
  }

  private mutating func wallet() async {
    do {
      let check = try await wallet.check()
      let words = "\(wallet.configuration.kind.rawValue)" + (check.detail.map { ": \($0)" } ?? "")
      add("wallet", check.answers == false ? .failed : .ok, words)
    } catch {
      add("wallet", .failed, "\(error)")
    }
  }

  private mutating func server() async {
    do {
      let health = try await session.client.readiness()
      let bad = (health.document?.checks ?? [:]).filter { $0.value != "ok" }.sorted { $0.key < $1.key }
      add("server", .ok, "\(session.client.server)")
      if health.status == 200 {
        add("ready", .ok, health.document?.status ?? "ok")
      } else {
        let words = bad.map { "\($0.key): \($0.value)" }.joined(separator: ", ")
        add("ready", .failed, words.isEmpty ? "the server answers \(health.status)" : words)
      }
      if let skew = health.clockSkewSeconds {
        add("clock", abs(skew) > 5 ? .warning : .ok, skew == 0 ? "as the server's" : "\(skew) s off the server's")
      }
      let discovery = try await session.client.discovery().document
      add("network", .ok, "the server's invoices are of \(discovery.network)")
      let offers = try await session.client.offers().items
      let left = offers.count { $0.available > 0 }
      add("offers", left > 0 ? .ok : .warning, "\(left) of \(offers.count) available")
    } catch {
      add("server", .failed, "\(error)")
    }
  }

  private mutating func provider(_ admin: AdminClient) async {
    do {
      let overview = try await admin.overview().document
      let overdue = overview.overdue
      let late = overdue.dueLeases + overdue.parked + overdue.unbooked
      add(
        "overdue", late == 0 ? .ok : .warning,
        "\(overdue.dueLeases) leases, \(overdue.outboxRows) effects, \(overdue.parked) parked, \(overdue.unbooked) unbooked"
      )
      add(
        "effects", overdue.failing == 0 ? .ok : .failed,
        overdue.failing == 0
          ? "none fails again and again" : "\(overdue.failing) failed eight times: \(overdue.failingFirst ?? "")")
      add("node", overview.nodeUp ? .ok : .failed, overview.node + AdminView.outage(overview))
      let settlements = overview.settlements
      if let since = settlements.followerFailingSince {
        add("settlements", .failed, "not followed since \(Human.time(since))")
      } else if let found = settlements.cursorAheadAt {
        add(
          "settlements", .failed,
          "the node knew less at \(Human.time(found)) than was taken in; compare: leasehold admin audit --with-node")
      } else {
        add("settlements", overdue.unbooked == 0 ? .ok : .warning, AdminView.settlements(overview))
      }
      add("payouts", overview.payouts.stuck.isEmpty ? .ok : .warning, AdminView.payouts(overview))
      if let notices = overview.notices {
        add("notices", notices.dead == 0 ? .ok : .warning, AdminView.notices(overview) ?? "all arrived")
      }
      for rate in overview.exchangeRates ?? [] {
        add("rate of \(rate.currency)", rate.trouble == nil ? .ok : .failed, AdminView.rate(rate))
      }
      add("listener", overview.listenerAlive ? .ok : .failed, overview.listenerAlive ? "alive" : "silent")
      let skew = overview.clockSkewMicroseconds
      add("database clock", abs(skew) > 1_000_000 ? .failed : .ok, "\(skew) µs off the daemon's")
      if let tripped = overview.breakerTrippedAt {
        add("breaker", .warning, "suspensions are held back since \(Human.time(tripped))")
      }
      let full = overview.pools.filter { $0.used >= $0.limit }
      if !full.isEmpty {
        add("capacity", .warning, full.map { "\($0.host) \($0.dimension)" }.joined(separator: ", ") + " full")
      }
      let audit = try await admin.audit().document
      add(
        "books", audit.sound ? .ok : .failed,
        audit.sound ? "\(audit.transfers) transfers add up" : audit.findings.joined(separator: "; "))
    } catch {
      add("provider", .failed, "\(error)")
    }
  }
}
