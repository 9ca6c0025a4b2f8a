-- Addresses: which lease a path of 26 characters leads to, and how much a challenge there may give.

ALTER TABLE credential_token
    DROP CONSTRAINT credential_token_minted_for_is_known,
    ADD CONSTRAINT credential_token_minted_for_is_known
        CHECK (minted_for IN ('challenge', 'swap', 'loan', 'subloan', 'rotation', 'address'));

CREATE TABLE lease_address (
    -- SHA-256 of the 26 characters, which are kept nowhere.
    hash  bytea PRIMARY KEY CONSTRAINT lease_address_hash_has_32_bytes CHECK (length(hash) = 32),
    -- What its challenges are minted from. Revoked, the address leads nowhere.
    token bytea NOT NULL UNIQUE REFERENCES credential_token ON DELETE CASCADE,
    lease uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    -- The file or folder it is narrowed to; NULL: all there is.
    path  text
);

CREATE INDEX lease_address_of_lease ON lease_address (lease);
