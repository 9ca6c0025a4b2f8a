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
    ("0016_transfers_by_time.sql", PackageResources._016_transfers_by_time_sql),
    ("0017_what_credentials_are_minted_for.sql", PackageResources._017_what_credentials_are_minted_for_sql),
    ("0018_money_lost_and_found.sql", PackageResources._018_money_lost_and_found_sql),
    ("0019_announced_terms.sql", PackageResources._019_announced_terms_sql),
    ("0020_attachments.sql", PackageResources._020_attachments_sql),
    ("0021_password_grants.sql", PackageResources._021_password_grants_sql),
    ("0022_no_addresses_in_events.sql", PackageResources._022_no_addresses_in_events_sql),
    ("0023_leaps_of_the_clock.sql", PackageResources._023_leaps_of_the_clock_sql),
    ("0024_when_effects_began.sql", PackageResources._024_when_effects_began_sql),
    ("0025_failed_starts.sql", PackageResources._025_failed_starts_sql),
    ("0026_free_uid_slots.sql", PackageResources._026_free_uid_slots_sql),
    ("0027_indexes_that_answer.sql", PackageResources._027_indexes_that_answer_sql),
    ("0028_what_cannot_fail.sql", PackageResources._028_what_cannot_fail_sql),
    ("0029_usage_by_day.sql", PackageResources._029_usage_by_day_sql),
    ("0030_audit_checkpoint.sql", PackageResources._030_audit_checkpoint_sql),
    ("0031_where_effects_are_done.sql", PackageResources._031_where_effects_are_done_sql),
    ("0032_what_purchases_were_asked_with.sql", PackageResources._032_what_purchases_were_asked_with_sql),
    ("0033_addresses.sql", PackageResources._033_addresses_sql),
    ("0034_words_of_events.sql", PackageResources._034_words_of_events_sql),
    ("0035_outage_credits.sql", PackageResources._035_outage_credits_sql),
    ("0036_contacts.sql", PackageResources._036_contacts_sql),
    ("0037_top_ups.sql", PackageResources._037_top_ups_sql),
    ("0038_wallet_grants.sql", PackageResources._038_wallet_grants_sql),
    ("0039_waitlist.sql", PackageResources._039_waitlist_sql),
    ("0040_invoices_in_messages.sql", PackageResources._040_invoices_in_messages_sql),
    ("0041_when_pulls_count.sql", PackageResources._041_when_pulls_count_sql),
    ("0042_waitlist_contacts.sql", PackageResources._042_waitlist_contacts_sql),
  ]
}
