-- The epochs of the master key. The keys themselves are in no database: a daemon derives an epoch's key from its own
-- secret and the number, and the fingerprint shows that all daemons derive the same one.

CREATE TABLE key_epoch (
    epoch       integer PRIMARY KEY CONSTRAINT key_epoch_has_16_bits CHECK (epoch BETWEEN 0 AND 65535),
    fingerprint bytea NOT NULL CONSTRAINT key_epoch_fingerprint_has_32_bytes CHECK (length(fingerprint) = 32),
    created_at  timestamptz NOT NULL,
    -- Credentials are minted in it from this moment on, when every daemon has heard of it.
    mints_from  timestamptz NOT NULL,
    retired_at  timestamptz
);

-- The challenge for one payment is the same for everybody who shows the same credential: it is looked up here.
CREATE INDEX credential_token_of_payment ON credential_token (payment_hash);
