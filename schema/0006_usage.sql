-- Usage. A reading moves a counter; the difference lands in a window; a closed window is rated once.

CREATE TABLE usage_counter (
    lease       uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    incarnation bigint NOT NULL,
    meter       text NOT NULL,
    -- A cumulative counter's last value; for levels, the fraction of a unit not yet booked, in millionths.
    value       bigint NOT NULL,
    read_at     timestamptz NOT NULL,
    PRIMARY KEY (lease, incarnation, meter)
) WITH (fillfactor = 70);

CREATE TABLE usage_window (
    lease        uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    incarnation  bigint NOT NULL,
    meter        text NOT NULL CONSTRAINT usage_window_meter CHECK (meter IN
                     ('cpu', 'memory', 'disk', 'egress', 'ingress', 'requests')),
    window_start timestamptz NOT NULL,
    quantity     bigint NOT NULL CONSTRAINT usage_window_counts_up CHECK (quantity >= 0),
    -- NULL until rated.
    charged_msat bigint CONSTRAINT usage_window_never_pays CHECK (charged_msat >= 0),
    PRIMARY KEY (lease, incarnation, meter, window_start)
) WITH (fillfactor = 70);

CREATE INDEX usage_window_unrated ON usage_window (window_start, lease) WHERE charged_msat IS NULL;
CREATE INDEX usage_window_listing ON usage_window (lease, window_start);

CREATE TABLE usage_rating (
    lease     uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    meter     text NOT NULL,
    period    bigint NOT NULL,
    used      bigint NOT NULL,
    remainder bigint NOT NULL,
    PRIMARY KEY (lease, meter)
);
