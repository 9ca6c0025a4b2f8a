-- The words of events and transfers are those the program has. Rows there are already are not read again; what is
-- written from now on is held to it. Names of events are not held: a release may have more of them than the next.
ALTER TABLE lease_event
    ADD CONSTRAINT lease_event_feed_name CHECK (feed_name IN (
        'quoted', 'paid', 'provisioned', 'notice', 'suspended', 'resumed', 'reclaimed', 'closed', 'failed')) NOT VALID,
    ADD CONSTRAINT lease_event_from_state CHECK (from_state IN (
        '', 'quoted', 'provisioning', 'active', 'grace', 'suspended', 'reclaiming', 'closed')) NOT VALID,
    ADD CONSTRAINT lease_event_to_state CHECK (to_state IN (
        'quoted', 'provisioning', 'active', 'grace', 'suspended', 'reclaiming', 'closed')) NOT VALID,
    ADD CONSTRAINT lease_event_cause_type CHECK (cause_type IN (
        'request', 'timer', 'payment', 'effect', 'operator', 'meter', 'payout', 'offer', 'credential',
        'reconciler')) NOT VALID;
ALTER TABLE ledger_transfer
    ADD CONSTRAINT ledger_transfer_cause CHECK (cause IN (
        'payment', 'time', 'usage', 'overpayment', 'refund', 'minimum', 'debt', 'bad_debt', 'unclaimed', 'payout', 'fee',
        'move')) NOT VALID;
