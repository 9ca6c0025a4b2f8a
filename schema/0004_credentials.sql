-- Minted macaroons by their token ids. The macaroons themselves are kept nowhere.

CREATE TABLE credential_token (
    id           bytea PRIMARY KEY CONSTRAINT credential_token_has_32_bytes CHECK (length(id) = 32),
    lease        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    -- Revoking a token revokes all that were minted from it.
    parent       bytea,
    payment_hash bytea NOT NULL,
    capabilities text NOT NULL,
    created_at   timestamptz NOT NULL,
    revoked_at   timestamptz
);

CREATE INDEX credential_token_of_lease ON credential_token (lease);
CREATE INDEX credential_token_children ON credential_token (parent) WHERE parent IS NOT NULL;
CREATE INDEX credential_token_revoked ON credential_token (revoked_at) WHERE revoked_at IS NOT NULL;

-- What a key was used for, shared by all daemons and outliving each.
CREATE TABLE idempotency (
    scope     text NOT NULL,
    key       text NOT NULL,
    body_hash text NOT NULL,
    lease     uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    used_at   timestamptz NOT NULL,
    PRIMARY KEY (scope, key)
);

CREATE INDEX idempotency_of_lease ON idempotency (lease);
