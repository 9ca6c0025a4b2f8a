-- Payments that are held until what they buy is made.

-- The epoch of the master key that the preimage is derived with; NULL: an ordinary invoice, whose preimage is the
-- node's. The preimage itself is kept only once it has settled.
ALTER TABLE invoice ADD COLUMN hold_epoch integer CONSTRAINT invoice_hold_epoch CHECK (hold_epoch BETWEEN 0 AND 65535);

-- `accepted`: the payment has arrived, and is ours to take or to send back.
ALTER TABLE invoice DROP CONSTRAINT invoice_state;
ALTER TABLE invoice ADD CONSTRAINT invoice_state CHECK (state IN
    ('reserved', 'open', 'replaced', 'accepted', 'settled', 'canceled', 'expired'));
ALTER TABLE invoice ADD CONSTRAINT invoice_accepted_is_held CHECK (state <> 'accepted' OR hold_epoch IS NOT NULL);

DROP INDEX invoice_one_open;
CREATE UNIQUE INDEX invoice_one_open ON invoice (lease, slot) WHERE state IN ('reserved', 'open', 'accepted');
DROP INDEX invoice_unsettled;
CREATE INDEX invoice_unsettled ON invoice (expires_at) WHERE state IN ('reserved', 'open', 'replaced', 'accepted');
CREATE INDEX invoice_undecided_holds ON invoice (expires_at)
    WHERE hold_epoch IS NOT NULL AND state IN ('reserved', 'open', 'replaced', 'accepted');
