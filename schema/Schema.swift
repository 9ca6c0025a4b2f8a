import Postgres

/// The migrations, embedded at build time from the files beside this one.
public enum Schema {
  /// In order of their numbers.
  public static let migrations: [Migration] = files.compactMap { name, bytes in
    Migration(file: name, sql: String(decoding: bytes, as: UTF8.self))
  }.sorted { $0.version < $1.version }

  // SwiftPM names a resource after its file and puts an underscore for the first digit.
  private static let files: [(String, [UInt8])] = [
    ("0001_leases.sql", PackageResources._001_leases_sql),
    ("0002_ledger.sql", PackageResources._002_ledger_sql),
    ("0003_lightning.sql", PackageResources._003_lightning_sql),
    ("0004_credentials.sql", PackageResources._004_credentials_sql),
    ("0005_capacity.sql", PackageResources._005_capacity_sql),
    ("0006_usage.sql", PackageResources._006_usage_sql),
    ("0007_daemons.sql", PackageResources._007_daemons_sql),
    ("0008_capacity_held_for_changes.sql", PackageResources._008_capacity_held_for_changes_sql),
    ("0009_holds.sql", PackageResources._009_holds_sql),
    ("0010_key_epochs.sql", PackageResources._010_key_epochs_sql),
    ("0011_payouts.sql", PackageResources._011_payouts_sql),
    ("0012_credit_spent.sql", PackageResources._012_credit_spent_sql),
    ("0013_variants.sql", PackageResources._013_variants_sql),
    ("0014_node_standing.sql", PackageResources._014_node_standing_sql),
    ("0015_exchange_rates.sql", PackageResources._015_exchange_rates_sql),
  ]
}
