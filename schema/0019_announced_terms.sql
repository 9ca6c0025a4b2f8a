-- Which terms of an offer its leases were last told of: a start with nothing changed looks at no lease.

CREATE TABLE offer_announced (
    offer        text PRIMARY KEY,
    -- One for each variant.
    terms        jsonb NOT NULL,
    announced_at timestamptz NOT NULL
);
