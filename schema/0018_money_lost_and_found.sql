-- What goes out in a day is reckoned against what came in.
CREATE INDEX payment_by_time ON payment (booked_at);

-- An unbooked settlement that somebody has dealt with by hand: kept, no longer counted, and never found anew.
ALTER TABLE unbooked_settlement
    ADD COLUMN resolved_at timestamptz,
    ADD COLUMN resolution  text,
    ADD CONSTRAINT unbooked_settlement_resolved_says_why CHECK ((resolution IS NULL) = (resolved_at IS NULL));
CREATE INDEX unbooked_settlement_open ON unbooked_settlement (found_at) WHERE resolved_at IS NULL;

-- When the node was last found to know less of its settlements than was taken in: it was restored, or has deleted them.
ALTER TABLE node_standing ADD COLUMN cursor_ahead_at timestamptz;
