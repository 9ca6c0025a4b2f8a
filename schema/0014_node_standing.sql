-- How a node answers, as the daemons that ask it find: a restart does not forget an outage, and doctors can read of it.

CREATE TABLE node_standing (
    node                   text PRIMARY KEY,
    -- Since when it does not answer, or did not the last time.
    trouble_since          timestamptz,
    back_at                timestamptz,
    -- The operator's word that leases are not spared for it any longer.
    released_at            timestamptz,
    -- Since when its settlements cannot be followed.
    follower_failing_since timestamptz,
    seen_at                timestamptz NOT NULL,
    CONSTRAINT node_standing_back_from_trouble CHECK (back_at IS NULL OR trouble_since IS NOT NULL)
);
