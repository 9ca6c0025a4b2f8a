-- What renters were given for outages: one row for each, and one entry of the ledger for each lease that got something.
-- The new list of causes is not checked against rows there are: the lock on the ledger is short.
CREATE TABLE outage_credit (
    label text PRIMARY KEY CONSTRAINT outage_credit_label_is_short CHECK (length(label) BETWEEN 1 AND 128),
    affected_since timestamptz NOT NULL,
    affected_until timestamptz NOT NULL,
    -- NULL: every host.
    host text,
    -- NULL: the time that was lost.
    msat_each bigint CONSTRAINT outage_credit_is_money CHECK (msat_each > 0),
    reason text NOT NULL,
    begun_at timestamptz NOT NULL,
    finished_at timestamptz,
    -- Leases up to this one, in the order of their ids, were looked at.
    upto uuid NOT NULL,
    leases bigint NOT NULL DEFAULT 0,
    msat bigint NOT NULL DEFAULT 0,
    CONSTRAINT outage_credit_lasts CHECK (affected_until > affected_since)
);
CREATE INDEX outage_credit_by_time ON outage_credit (begun_at);
ALTER TABLE ledger_transfer
    DROP CONSTRAINT ledger_transfer_cause,
    ADD CONSTRAINT ledger_transfer_cause CHECK (cause IN (
        'payment', 'time', 'usage', 'overpayment', 'refund', 'minimum', 'debt', 'bad_debt', 'unclaimed', 'payout', 'fee',
        'move', 'compensation')) NOT VALID;
