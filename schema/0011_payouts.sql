-- Credit paid out to renters' invoices. The row is written with the money's setting aside, before the node is asked.

CREATE TABLE payout (
    -- The same invoice is the same payout, for ever.
    payment_hash bytea PRIMARY KEY CONSTRAINT payout_hash_has_32_bytes CHECK (length(payment_hash) = 32),
    lease        uuid NOT NULL REFERENCES lease,
    bolt11       text NOT NULL,
    msat         bigint NOT NULL CONSTRAINT payout_is_money CHECK (msat > 0),
    -- Set aside beside it; what routing does not cost comes back.
    max_fee_msat bigint NOT NULL CONSTRAINT payout_fee_budget CHECK (max_fee_msat >= 0),
    asked_at     timestamptz NOT NULL,
    -- The one order to pay, and the node it goes to: written before it is given, never taken back, never given again.
    ordered_at   timestamptz,
    ordered_of   text,
    state        text NOT NULL CONSTRAINT payout_state CHECK (state IN ('pending', 'paid', 'failed')),
    fee_msat     bigint CONSTRAINT payout_fee CHECK (fee_msat >= 0),
    preimage     bytea,
    reason       text,
    finished_at  timestamptz,
    CONSTRAINT payout_order_names_node CHECK ((ordered_at IS NULL) = (ordered_of IS NULL)),
    CONSTRAINT payout_ends_once CHECK ((finished_at IS NULL) = (state = 'pending')),
    CONSTRAINT payout_paid_is_proved CHECK ((preimage IS NOT NULL AND fee_msat IS NOT NULL) = (state = 'paid')),
    CONSTRAINT payout_failed_says_why CHECK ((reason IS NOT NULL) = (state = 'failed'))
);

CREATE INDEX payout_of_lease ON payout (lease, asked_at);
-- What the daily bound adds up.
CREATE INDEX payout_not_failed ON payout (asked_at) WHERE state <> 'failed';
