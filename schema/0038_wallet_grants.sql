-- Renters' wallets that are asked for renewals. Locks nothing that is in use: the outbox is bounded anew without its rows
-- being read.

ALTER TABLE outbox
    DROP CONSTRAINT outbox_lane,
    ADD CONSTRAINT outbox_lane CHECK (lane IN ('resource', 'invoice', 'payout', 'pull', 'notice')) NOT VALID;

CREATE TABLE wallet_grant (
    lease        uuid PRIMARY KEY REFERENCES lease ON DELETE CASCADE,
    -- Where the wallet is asked, and with what; sealed with a key that the master keys derive.
    sealed       bytea NOT NULL CONSTRAINT wallet_grant_sealed_is_bounded CHECK (length(sealed) BETWEEN 43 AND 4096),
    -- What may be asked for in any span of so many seconds, and in all since it was given; NULL: no bound in all.
    budget_msat  bigint NOT NULL CONSTRAINT wallet_grant_budget_is_positive CHECK (budget_msat > 0),
    span_seconds bigint NOT NULL CONSTRAINT wallet_grant_span_is_positive CHECK (span_seconds > 0),
    total_msat   bigint CONSTRAINT wallet_grant_total_is_positive CHECK (total_msat > 0),
    created_at   timestamptz NOT NULL
);

-- One row for each invoice that a wallet was ever asked to pay, written before it is asked. Whether it was paid is said by
-- our own books: payment.
CREATE TABLE wallet_pull (
    payment_hash bytea PRIMARY KEY CONSTRAINT wallet_pull_hash_has_32_bytes CHECK (length(payment_hash) = 32),
    lease        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    amount_msat  bigint NOT NULL CONSTRAINT wallet_pull_amount_is_positive CHECK (amount_msat > 0),
    asked_at     timestamptz NOT NULL,
    -- The effect that had it asked last, by its key.
    turn         text NOT NULL,
    -- How often it was asked; each time but the first after a look that found nothing paid.
    requests     integer NOT NULL,
    -- The wallet said that nothing was and will be sent for it, or was never sent the request.
    refused      text CONSTRAINT wallet_pull_refused_is_short CHECK (length(refused) <= 300)
);

CREATE INDEX wallet_pull_of_lease ON wallet_pull (lease, asked_at);
