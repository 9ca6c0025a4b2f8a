-- Which disk is mounted in which container, and under which credential of the disk's. A container has at most one.
-- Nothing is deleted when it ends: the disk's owner sees who had it.

CREATE TABLE attachment (
    container   uuid PRIMARY KEY REFERENCES lease ON DELETE CASCADE,
    disk        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    token       bytea NOT NULL CONSTRAINT attachment_token_has_32_bytes CHECK (length(token) = 32),
    read_only   boolean NOT NULL,
    -- The bound of the holder who attached it.
    valid_until timestamptz,
    attached_at timestamptz NOT NULL,
    -- Why it ends or has ended; and when it had, on the host too.
    ending      text CONSTRAINT attachment_ending_is_known
                CHECK (ending IN ('asked', 'revoked', 'expired', 'disk', 'container')),
    ended_at    timestamptz CONSTRAINT attachment_ended_for_a_reason CHECK (ended_at IS NULL OR ending IS NOT NULL)
);

CREATE INDEX attachment_of_disk ON attachment (disk);
CREATE INDEX attachment_open ON attachment (container) WHERE ended_at IS NULL;
