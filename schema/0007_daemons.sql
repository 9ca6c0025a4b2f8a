-- Who is looking, and when nobody was.

CREATE TABLE daemon (
    name    text PRIMARY KEY,
    beat_at timestamptz NOT NULL
);

CREATE TABLE outage (
    began_at timestamptz NOT NULL,
    ended_at timestamptz NOT NULL,
    PRIMARY KEY (began_at, ended_at),
    CONSTRAINT outage_lasts CHECK (ended_at > began_at)
);

CREATE INDEX outage_by_end ON outage (ended_at);
