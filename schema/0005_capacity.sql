-- What hosts have, and who holds it.

CREATE TABLE pool (
    id        integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    host      text NOT NULL,
    kind      text NOT NULL,
    dimension text NOT NULL CONSTRAINT pool_dimension CHECK (dimension IN ('disk', 'cpu', 'memory', 'pids')),
    -- What the configuration says, and what may be used: never less than what is used already.
    configured bigint NOT NULL,
    capacity   bigint NOT NULL,
    used       bigint NOT NULL DEFAULT 0,
    -- Part of `used`: quotes nobody has paid yet.
    unpaid     bigint NOT NULL DEFAULT 0,
    uid_base   bigint NOT NULL,
    CONSTRAINT pool_is_one UNIQUE (host, kind, dimension),
    CONSTRAINT pool_is_not_oversold CHECK (used >= 0 AND used <= capacity),
    CONSTRAINT pool_unpaid_is_part CHECK (unpaid >= 0 AND unpaid <= used)
);

CREATE TABLE allocation (
    lease  uuid PRIMARY KEY REFERENCES lease ON DELETE CASCADE,
    host   text NOT NULL,
    kind   text NOT NULL,
    -- The lease owns the 65,536 uids from the host's base plus 65,536 times this.
    slot   integer NOT NULL CONSTRAINT allocation_slot_counts CHECK (slot >= 0),
    disk   bigint NOT NULL,
    cpu    bigint NOT NULL,
    memory bigint NOT NULL,
    pids   bigint NOT NULL,
    unpaid boolean NOT NULL,
    CONSTRAINT allocation_owns_its_uids UNIQUE (host, slot)
);

CREATE TABLE quote_client (
    lease  uuid PRIMARY KEY REFERENCES lease ON DELETE CASCADE,
    client text NOT NULL
);

CREATE INDEX quote_client_of ON quote_client (client);
