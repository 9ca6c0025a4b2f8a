-- Invoices of ours and what was paid of them.

CREATE TABLE invoice (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lease        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    -- Unique while it is reserved or open: `purchase`, `renewal:1`, `change:<offer>`.
    slot         text NOT NULL,
    purpose      jsonb NOT NULL,
    -- The node's idempotency key.
    label        text NOT NULL CONSTRAINT invoice_label UNIQUE,
    msat         bigint NOT NULL CONSTRAINT invoice_asks_for_money CHECK (msat > 0),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    -- `replaced`: another is offered instead, but this one can still be paid.
    state        text NOT NULL CONSTRAINT invoice_state CHECK (state IN
                     ('reserved', 'open', 'replaced', 'settled', 'canceled', 'expired')),
    payment_hash bytea CONSTRAINT invoice_payment_hash UNIQUE,
    bolt11       text,
    preimage     bytea,
    -- The first request that presented the settled payment, and its key.
    redeemed_at  timestamptz,
    redeemed_key text,
    CONSTRAINT invoice_is_made_unless_reserved CHECK (state IN ('reserved', 'canceled') OR payment_hash IS NOT NULL),
    CONSTRAINT invoice_preimage_means_settled CHECK ((preimage IS NOT NULL) = (state = 'settled'))
);

CREATE UNIQUE INDEX invoice_one_open ON invoice (lease, slot) WHERE state IN ('reserved', 'open');
CREATE INDEX invoice_of_lease ON invoice (lease);
CREATE INDEX invoice_unsettled ON invoice (expires_at) WHERE state IN ('reserved', 'open', 'replaced');

-- Booked once, by payment hash.
CREATE TABLE payment (
    payment_hash  bytea PRIMARY KEY,
    lease         uuid NOT NULL REFERENCES lease,
    received_msat bigint NOT NULL CONSTRAINT payment_is_money CHECK (received_msat > 0),
    settled_at    timestamptz NOT NULL,
    booked_at     timestamptz NOT NULL
);

CREATE INDEX payment_of_lease ON payment (lease);

CREATE TABLE node_cursor (
    node     text PRIMARY KEY,
    position text NOT NULL,
    moved_at timestamptz NOT NULL
);

-- Settlements of ours that could not be booked: retried, shown, and their leases spared meanwhile.
CREATE TABLE unbooked_settlement (
    payment_hash  bytea PRIMARY KEY,
    lease         uuid,
    preimage      bytea NOT NULL,
    received_msat bigint NOT NULL,
    settled_at    timestamptz NOT NULL,
    label         text NOT NULL,
    position      text NOT NULL,
    reason        text NOT NULL,
    found_at      timestamptz NOT NULL
);

CREATE INDEX unbooked_settlement_of_lease ON unbooked_settlement (lease);
