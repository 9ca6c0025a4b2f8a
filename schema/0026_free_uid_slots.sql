-- The uid slots of a host that no lease owns: one is found without looking at those that are owned.

CREATE TABLE uid_range (
    host      text PRIMARY KEY,
    -- Every slot below is owned by an allocation or stands in uid_slot_free; none above was ever given out.
    next_slot integer NOT NULL CONSTRAINT uid_range_counts CHECK (next_slot >= 0)
);

CREATE TABLE uid_slot_free (
    host text NOT NULL,
    slot integer NOT NULL CONSTRAINT uid_slot_free_counts CHECK (slot >= 0),
    PRIMARY KEY (host, slot)
);

INSERT INTO uid_range (host, next_slot)
SELECT p.host, coalesce((SELECT max(a.slot) + 1 FROM allocation a WHERE a.host = p.host), 0)
  FROM (SELECT DISTINCT host FROM pool) p;

INSERT INTO uid_slot_free (host, slot)
SELECT r.host, s.slot
  FROM uid_range r CROSS JOIN LATERAL generate_series(0, r.next_slot - 1) AS s (slot)
 WHERE NOT EXISTS (SELECT FROM allocation a WHERE a.host = r.host AND a.slot = s.slot);
