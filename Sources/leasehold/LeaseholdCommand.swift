import ArgumentParser
import Wire

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

      LEASE is a name of yours ('rent --name'), a beginning or ending that only one of your leases' ids has, or @last: the \
      one rented last, also when it is over. Credentials are kept in $XDG_STATE_HOME/leasehold, readable by you alone, and \
      each is shown to its own server only; whoever has one has the lease. What spends says what it costs and asks, or \
      wants --yes or --max-sats where nobody can be asked. A run that was killed after paying is gone on with by running \
      the same command again.

      Exit codes: 0 done, 1 failed, 2 usage, 3 payment declined, over budget or required, 4 not found, \
      5 no capacity. 'exec' ends with the command's own code.
      """,
    version: "leasehold \(Product.version)",
    groupedSubcommands: [
      CommandGroup(
        name: "Rent",
        subcommands: [
          OffersCommand.self, RentCommand.self, ListCommand.self, ShowCommand.self, RenewCommand.self,
          AutopayCommand.self, LimitCommand.self, ChangeCommand.self, ReleaseCommand.self, RefundCommand.self,
          NameCommand.self, ForgetCommand.self, NotifyCommand.self,
        ]),
      CommandGroup(
        name: "Use a disk",
        subcommands: [
          PutCommand.self, GetCommand.self, LsCommand.self, MkdirCommand.self, RmCommand.self, MountCommand.self,
        ]),
      CommandGroup(
        name: "Use a container",
        subcommands: [
          ExecCommand.self, LogsCommand.self, StartCommand.self, StopCommand.self, AttachmentsCommand.self,
        ]),
      CommandGroup(
        name: "Understand",
        subcommands: [
          UsageCommand.self, LedgerCommand.self, ExplainCommand.self, EventsCommand.self,
        ]),
      CommandGroup(
        name: "Credentials and money",
        subcommands: [
          CredentialCommand.self, AddressCommand.self, ScanCommand.self, AutopullCommand.self, TokenCommand.self,
          WalletCommand.self, BudgetCommand.self,
          PayCommand.self,
          RecoverCommand.self,
        ]),
      CommandGroup(name: "Let others rent", subcommands: [MCPCommand.self]),
      CommandGroup(name: "Operate", subcommands: [DoctorCommand.self, AdminCommand.self]),
    ])
}
