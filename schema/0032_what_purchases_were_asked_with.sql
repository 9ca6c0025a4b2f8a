-- With what a lease was asked for stands on the lease: the idempotency table holds keys alone.

ALTER TABLE lease
    -- Hex of the SHA-256 of the request that it was quoted for; NULL in leases older than such hashes.
    ADD COLUMN asked_body_hash text,
    -- The Idempotency-Key of that request, where it had one.
    ADD COLUMN asked_key text;

UPDATE lease l SET asked_body_hash = i.body_hash
  FROM idempotency i WHERE i.lease = l.id AND i.scope LIKE 'purchase:%' AND i.key = 'body';
UPDATE lease l SET asked_key = i.body_hash
  FROM idempotency i WHERE i.lease = l.id AND i.scope LIKE 'purchase:%' AND i.key = 'key';
DELETE FROM idempotency WHERE scope LIKE 'purchase:%';
