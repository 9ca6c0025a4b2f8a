-- When a renewal counts against its renter's budget: when it was asked for, or up to a lead later, where the budget allows it no
-- sooner. Locks wallet_pull, which has a row for each invoice that a wallet was ever asked to pay, for some seconds per million
-- of them.
ALTER TABLE wallet_pull ADD COLUMN counts_at timestamptz;
UPDATE wallet_pull SET counts_at = asked_at;
ALTER TABLE wallet_pull
    ALTER COLUMN counts_at SET NOT NULL,
    ADD CONSTRAINT wallet_pull_counts_once_asked CHECK (counts_at >= asked_at);
