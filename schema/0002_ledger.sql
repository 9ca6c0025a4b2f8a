-- Double entry. Transfers are added, never changed; the sum over all accounts is zero because each row is both sides.

CREATE TABLE ledger_transfer (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at     timestamptz NOT NULL,
    debit  text NOT NULL,
    credit text NOT NULL,
    msat   bigint NOT NULL CONSTRAINT ledger_transfer_moves_money CHECK (msat > 0),
    cause  text NOT NULL,
    -- The lease it concerns; every transfer concerns one.
    lease  uuid NOT NULL REFERENCES lease,
    CONSTRAINT ledger_transfer_goes_elsewhere CHECK (debit <> credit)
);

CREATE INDEX ledger_transfer_of_lease ON ledger_transfer (lease, id);

CREATE FUNCTION ledger_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is added to, never changed';
END $$;

CREATE TRIGGER ledger_transfer_append_only BEFORE UPDATE OR DELETE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_is_append_only();
