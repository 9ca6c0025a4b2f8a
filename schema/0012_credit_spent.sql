-- Credit spent on a lease: on another of the same renter's, or on the one it belongs to.

CREATE TABLE credit_move (
    -- SHA-256 of the giving lease and its idempotency key, in hex: the same key is the same move.
    id         text PRIMARY KEY CONSTRAINT credit_move_id_is_a_hash CHECK (id ~ '^[0-9a-f]{64}$'),
    from_lease uuid NOT NULL REFERENCES lease,
    to_lease   uuid NOT NULL REFERENCES lease,
    msat       bigint NOT NULL CONSTRAINT credit_move_is_money CHECK (msat > 0),
    -- As it was asked for; NULL: all there was.
    asked_msat bigint CONSTRAINT credit_move_moves_what_was_asked CHECK (asked_msat = msat),
    at         timestamptz NOT NULL
);

CREATE INDEX credit_move_from ON credit_move (from_lease);
CREATE INDEX credit_move_to ON credit_move (to_lease);

-- What is on its way out, for whoever looks after it.
CREATE INDEX payout_pending ON payout (asked_at) WHERE state = 'pending';
