-- What is asked at every request, ring and tick is answered by an index that holds nothing else.
--
-- Each index locks its table against writing while it is built: with a million leases some two seconds for each of
-- `lease` and `invoice`, and the marks below are a read of all closed leases and lapsed invoices, some ten seconds in all.

-- Lists of an offer's leases.
CREATE INDEX lease_by_offer ON lease (offer, state, id);

-- What the outbox has next: what is free, lane by lane, and whose claim lapses.
DROP INDEX outbox_due;
CREATE INDEX outbox_free ON outbox (lane, due_at, id) WHERE claimed_until IS NULL;
CREATE INDEX outbox_claimed ON outbox (claimed_until) WHERE claimed_until IS NOT NULL;
CREATE INDEX outbox_failing ON outbox (id) WHERE lane = 'resource' AND attempts >= 8;

-- Closed leases that the sweep is to look at, and when: those that were never in service.
ALTER TABLE lease ADD COLUMN sweep_at timestamptz;
UPDATE lease l SET sweep_at = l.created_at + interval '1 hour'
 WHERE l.state = 'closed' AND l.charged_to IS NULL
   AND NOT EXISTS (SELECT FROM payment p WHERE p.lease = l.id)
   AND NOT EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = l.id);
CREATE INDEX lease_sweep ON lease (sweep_at) WHERE sweep_at IS NOT NULL;

-- Invoices that lapsed, whose tokens to pay with are not swept yet, and those that are themselves to be swept.
ALTER TABLE invoice ADD COLUMN tokens_swept boolean NOT NULL DEFAULT false;
CREATE INDEX invoice_tokens ON invoice (created_at) WHERE state IN ('canceled', 'expired') AND NOT tokens_swept;
CREATE INDEX invoice_lapsed ON invoice (expires_at) WHERE state IN ('canceled', 'expired') AND slot <> 'purchase';

-- In the order in which they grow too old.
CREATE INDEX idempotency_by_time ON idempotency (used_at);

-- How many leases are in each state: what was added, to be summed. Nobody waits for a row that another counts in.
CREATE TABLE lease_tally (
    id    bigint GENERATED ALWAYS AS IDENTITY,
    state text NOT NULL,
    delta bigint NOT NULL,
    CONSTRAINT lease_tally_pkey PRIMARY KEY (id)
);
INSERT INTO lease_tally (state, delta) SELECT state, count(*) FROM lease GROUP BY state;
