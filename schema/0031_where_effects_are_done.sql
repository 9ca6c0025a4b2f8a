-- Where an effect on a resource is done: the host of the lease's placement; empty where any daemon may do it. The outbox
-- is short; it is locked for milliseconds.
ALTER TABLE outbox ADD COLUMN host text NOT NULL DEFAULT '';
UPDATE outbox o SET host = a.host FROM allocation a WHERE a.lease = o.lease AND o.lane = 'resource';
CREATE INDEX outbox_free_here ON outbox (host, due_at, id) WHERE lane = 'resource' AND claimed_until IS NULL;
