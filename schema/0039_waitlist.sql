-- Who waits for a place of a full offer, in the order of the ids. A row that was offered a place names its quote.
CREATE TABLE waitlist_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- SHA-256 of what its holder shows.
    secret bytea NOT NULL CONSTRAINT waitlist_entry_secret_has_32_bytes CHECK (length(secret) = 32),
    offer text NOT NULL,
    -- Who shares limits; kept no longer than the row.
    client text NOT NULL,
    request jsonb NOT NULL,
    body_hash text NOT NULL,
    joined_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    lease uuid,
    offered_at timestamptz,
    CONSTRAINT waitlist_entry_offered_whole CHECK ((lease IS NULL) = (offered_at IS NULL)),
    CONSTRAINT waitlist_entry_lasts CHECK (expires_at > joined_at)
);
CREATE UNIQUE INDEX waitlist_entry_by_secret ON waitlist_entry (secret);
CREATE INDEX waitlist_entry_waiting ON waitlist_entry (offer, id) WHERE lease IS NULL;
CREATE INDEX waitlist_entry_of_client ON waitlist_entry (client);
CREATE INDEX waitlist_entry_expiry ON waitlist_entry (expires_at);
