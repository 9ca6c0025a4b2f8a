-- How far the books are proved: what every lease's transfers and every kind of account came to, up to a transfer. An
-- audit proves what came after. The first one reads the whole ledger and leaves the checkpoint.
CREATE TABLE ledger_checkpoint (
    is_only   boolean NOT NULL DEFAULT true CONSTRAINT ledger_checkpoint_is_only CHECK (is_only),
    upto      bigint NOT NULL,
    transfers bigint NOT NULL,
    proved_at timestamptz NOT NULL,
    CONSTRAINT ledger_checkpoint_pkey PRIMARY KEY (is_only)
);
CREATE TABLE ledger_proved (
    lease        uuid NOT NULL,
    balance_msat bigint NOT NULL,
    credit_msat  bigint NOT NULL,
    came_msat    bigint NOT NULL,
    went_msat    bigint NOT NULL,
    CONSTRAINT ledger_proved_pkey PRIMARY KEY (lease)
);
CREATE TABLE ledger_proved_total (
    kind text NOT NULL,
    msat bigint NOT NULL,
    CONSTRAINT ledger_proved_total_pkey PRIMARY KEY (kind)
);
