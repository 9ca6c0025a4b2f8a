-- What a step writes beside its lease is not checked where it cannot fail.
--
-- A step locks its lease and writes it in the same transaction, with the version it had: that the lease exists, and that
-- nobody wrote the same version, is known by then. So events, transfers and effects do not look their lease up again,
-- and wakings and notices, which nobody delivers twice, are in no index of ids. What can fail is to delete a lease
-- that money moved for: that is looked at when a lease is deleted, and what hung on it goes with it, set-wise.
--
-- Dropping constraints waits for those who write and locks for a moment; the index locks `lease_event` against
-- writing while it is built: some three seconds for three million events.
ALTER TABLE lease_event DROP CONSTRAINT lease_event_lease_fkey, DROP CONSTRAINT lease_event_takes_effect_once;
ALTER TABLE outbox DROP CONSTRAINT outbox_lease_fkey;
ALTER TABLE ledger_transfer DROP CONSTRAINT ledger_transfer_lease_fkey;

CREATE UNIQUE INDEX lease_event_takes_effect_once ON lease_event (id) WHERE name NOT IN ('woke', 'notice');

CREATE FUNCTION lease_takes_its_rows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM gone g WHERE EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = g.id OFFSET 0)) THEN
        RAISE EXCEPTION 'a lease that money moved for is kept' USING ERRCODE = 'foreign_key_violation';
    END IF;
    DELETE FROM lease_event WHERE lease = ANY (ARRAY(SELECT id FROM gone));
    DELETE FROM outbox WHERE lease = ANY (ARRAY(SELECT id FROM gone));
    RETURN NULL;
END $$;
CREATE TRIGGER lease_takes_its_rows AFTER DELETE ON lease
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION lease_takes_its_rows();
