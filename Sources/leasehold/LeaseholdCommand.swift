import ArgumentParser

/// `leasehold`.
struct LeaseholdCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "leasehold",
    abstract: "Rent disk and compute by the period, paid over Lightning, with no account.",
    discussion: """
      A first lease:

        leasehold offers                       see what there is
        leasehold rent disk-small              rent it; the price is shown and paid
        leasehold put photo.jpg @last:/        upload
        leasehold renew @last                  buy more time

      LEASE is an id, a beginning that only one of your leases has, or @last. Credentials are kept in \
      $XDG_STATE_HOME/leasehold, readable by you alone; whoever has one has the lease. A run that was killed after \
      paying is gone on with by running the same command again.

      Exit codes: 0 done, 1 failed, 2 usage, 3 payment declined, over budget or required, 4 not found, \
      5 no capacity. 'exec' ends with the command's own code.
      """,
    version: "leasehold 0.1",
    groupedSubcommands: [
      CommandGroup(
        name: "Rent",
        subcommands: [
          OffersCommand.self, RentCommand.self, ListCommand.self, ShowCommand.self, RenewCommand.self,
          AutopayCommand.self, ChangeCommand.self, ReleaseCommand.self, RefundCommand.self,
        ]),
      CommandGroup(
        name: "Use a disk",
        subcommands: [
          PutCommand.self, GetCommand.self, LsCommand.self, RmCommand.self, MountCommand.self,
        ]),
      CommandGroup(
        name: "Use a container",
        subcommands: [
          ExecCommand.self, LogsCommand.self, StartCommand.self, StopCommand.self,
        ]),
      CommandGroup(
        name: "Understand",
        subcommands: [
          UsageCommand.self, LedgerCommand.self, ExplainCommand.self, EventsCommand.self,
        ]),
      CommandGroup(
        name: "Credentials and money",
        subcommands: [
          CredentialCommand.self, TokenCommand.self, WalletCommand.self, BudgetCommand.self, PayCommand.self,
          RecoverCommand.self,
        ]),
      CommandGroup(name: "Operate", subcommands: [DoctorCommand.self, AdminCommand.self]),
    ])
}
