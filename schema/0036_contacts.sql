-- Contacts: where a renter wants to be told, and what is on its way there. One table of ours is widened for it: whatever
-- a contact is given to pay with is minted from a token of its own.
--
-- Widening the check waits for writers of credential_token and reads the table once: a second for some million rows.

ALTER TABLE credential_token
    DROP CONSTRAINT credential_token_minted_for_is_known,
    ADD CONSTRAINT credential_token_minted_for_is_known
        CHECK (minted_for IN ('challenge', 'swap', 'loan', 'subloan', 'rotation', 'address', 'contact'));

-- A notice that did not arrive is told in the feed as well.
ALTER TABLE lease_event
    DROP CONSTRAINT lease_event_feed_name,
    ADD CONSTRAINT lease_event_feed_name CHECK (feed_name IN (
        'quoted', 'paid', 'provisioned', 'notice', 'undelivered', 'suspended', 'resumed', 'reclaimed', 'closed',
        'failed')) NOT VALID;

CREATE TABLE contact (
    -- Its name, and the token of the pay-only address that its notices link to.
    token        bytea PRIMARY KEY REFERENCES credential_token ON DELETE CASCADE,
    lease        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    channel      text NOT NULL CONSTRAINT contact_channel CHECK (channel IN ('webhook', 'email', 'nostr')),
    -- Where it is: readable only with the master key (nonce, then secretbox).
    sealed       bytea NOT NULL CONSTRAINT contact_sealed_is_bounded CHECK (length(sealed) BETWEEN 40 AND 8192),
    -- Whose machine it is, as a keyed hash: so many are spoken to at once.
    site         bytea NOT NULL CONSTRAINT contact_site_has_8_bytes CHECK (length(site) = 8),
    -- SHA-256 of the code by which its owner confirms it and ends it. NULL where none is needed.
    code_hash    bytea UNIQUE CONSTRAINT contact_code_hash_has_32_bytes CHECK (length(code_hash) = 32),
    created_at   timestamptz NOT NULL,
    -- NULL: nothing but the question whether it may be used is sent there.
    confirmed_at timestamptz,
    delivered_at timestamptz,
    -- Since when nothing has arrived there; NULL: the last one did.
    failing_since timestamptz
);

CREATE INDEX contact_of_lease ON contact (lease);

-- One row for each notice and contact. What arrived leaves none.
CREATE TABLE delivery (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact       bytea NOT NULL REFERENCES contact ON DELETE CASCADE,
    lease         uuid NOT NULL,
    channel       text NOT NULL CONSTRAINT delivery_channel CHECK (channel IN ('webhook', 'email', 'nostr')),
    site          bytea NOT NULL,
    -- (lease, version, ordinal) of the effect that announced it; 'confirm' for the question whether to use the contact.
    key           text NOT NULL,
    -- NULL: the question.
    notice        jsonb,
    announced_at  timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    -- Not tried after it: then it is a dead letter.
    deadline      timestamptz NOT NULL,
    -- What failed before, or goes where something failed, waits apart: it delays no other.
    is_retry      boolean NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    last_error    text CONSTRAINT delivery_last_error_is_bounded CHECK (length(last_error) <= 300),
    claimed_by    text,
    claimed_until timestamptz,
    dead_at       timestamptz,
    CONSTRAINT delivery_is_made_once UNIQUE (contact, key),
    CONSTRAINT delivery_is_claimed_by_somebody CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CONSTRAINT delivery_dead_is_in_no_hand CHECK (dead_at IS NULL OR claimed_until IS NULL)
);

CREATE INDEX delivery_due ON delivery (is_retry, due_at, id) WHERE dead_at IS NULL AND claimed_until IS NULL;
CREATE INDEX delivery_claimed ON delivery (claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX delivery_deadline ON delivery (deadline) WHERE dead_at IS NULL AND claimed_until IS NULL;
CREATE INDEX delivery_dead ON delivery (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX delivery_of_lease ON delivery (lease);

-- Who was asked whether a contact may be used, for a day: nobody can have a stranger asked without end.
CREATE TABLE contact_question (
    -- Keyed hash of the address.
    address  bytea NOT NULL CONSTRAINT contact_question_address_has_32_bytes CHECK (length(address) = 32),
    lease    uuid NOT NULL,
    asked_at timestamptz NOT NULL
);

CREATE INDEX contact_question_of_address ON contact_question (address, asked_at);
CREATE INDEX contact_question_of_lease ON contact_question (lease, asked_at);
CREATE INDEX contact_question_old ON contact_question (asked_at);
