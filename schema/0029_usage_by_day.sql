-- Usage that is rated and older than what is kept by the minute: one row for each day of a lease's meter.
--
-- The index locks `usage_window` against writing while it is built: about half a second for each million of windows.
CREATE TABLE usage_day (
    lease        uuid NOT NULL CONSTRAINT usage_day_lease_fkey REFERENCES lease (id) ON DELETE CASCADE,
    day          timestamptz NOT NULL,
    meter        text NOT NULL,
    incarnation  bigint NOT NULL,
    quantity     bigint NOT NULL CONSTRAINT usage_day_counts_up CHECK (quantity >= 0),
    charged_msat bigint NOT NULL CONSTRAINT usage_day_never_pays CHECK (charged_msat >= 0),
    CONSTRAINT usage_day_pkey PRIMARY KEY (lease, day, meter, incarnation)
);
CREATE INDEX usage_window_rated ON usage_window (window_start) WHERE charged_msat IS NOT NULL;
