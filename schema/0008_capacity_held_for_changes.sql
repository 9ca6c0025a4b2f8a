-- An upgrade that waits for its payment holds what it takes beyond the lease's own allocation.

CREATE TABLE capacity_hold (
    invoice bigint PRIMARY KEY REFERENCES invoice ON DELETE CASCADE,
    lease   uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    host    text NOT NULL,
    kind    text NOT NULL,
    disk    bigint NOT NULL,
    cpu     bigint NOT NULL,
    memory  bigint NOT NULL,
    pids    bigint NOT NULL,
    CONSTRAINT capacity_hold_takes CHECK (disk >= 0 AND cpu >= 0 AND memory >= 0 AND pids >= 0)
);

CREATE INDEX capacity_hold_of_lease ON capacity_hold (lease);
