-- Since when an effect is in somebody's hands, through every renewal of the claim: one that takes minutes is shown.
ALTER TABLE outbox ADD COLUMN begun_at timestamptz;
ALTER TABLE outbox ADD CONSTRAINT outbox_begun_is_claimed CHECK (begun_at IS NULL OR claimed_by IS NOT NULL);
