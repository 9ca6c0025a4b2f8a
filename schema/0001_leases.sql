-- A lease, its life as events, and what is still to be done for it.

CREATE TABLE lease (
    id           uuid PRIMARY KEY,
    kind         text NOT NULL CONSTRAINT lease_kind CHECK (kind IN ('disk', 'compute')),
    offer        text NOT NULL,
    -- Frozen at purchase; a changed offer changes no lease.
    terms        jsonb NOT NULL,
    request      jsonb NOT NULL,
    created_at   timestamptz NOT NULL,

    -- What a step decides. `state` is for people and queries, `detail` is the whole of it.
    state        text NOT NULL CONSTRAINT lease_state CHECK (state IN
                     ('quoted', 'provisioning', 'active', 'grace', 'suspended', 'reclaiming', 'closed')),
    detail       jsonb NOT NULL,
    version      bigint NOT NULL CONSTRAINT lease_version_counts CHECK (version >= 0),
    generation   bigint NOT NULL CONSTRAINT lease_generation_counts CHECK (generation >= 0),

    -- Mirrors of the accounts lease:<id> and credit:<id>; the audit compares.
    balance_msat bigint NOT NULL,
    credit_msat  bigint NOT NULL CONSTRAINT lease_credit_is_owed CHECK (credit_msat >= 0),
    rate_msat    bigint NOT NULL CONSTRAINT lease_rate_never_pays CHECK (rate_msat >= 0),
    rate_span_us bigint NOT NULL CONSTRAINT lease_rate_has_a_span CHECK (rate_span_us >= 1),
    remainder    bigint NOT NULL,
    charged_to   timestamptz,

    -- The deadline is the state: whoever finds it in the past steps the lease.
    wakes_at     timestamptz,

    CONSTRAINT lease_remainder_is_less_than_one CHECK (remainder >= 0 AND remainder < rate_span_us),
    CONSTRAINT lease_closed_holds_nothing CHECK (state <> 'closed' OR balance_msat = 0)
) WITH (fillfactor = 70);

CREATE INDEX lease_due ON lease (wakes_at) WHERE wakes_at IS NOT NULL;
CREATE INDEX lease_by_state ON lease (state, id);

-- A lease whose step keeps failing, or is held back, is not woken before `until`.
CREATE TABLE lease_parked (
    lease     uuid PRIMARY KEY REFERENCES lease ON DELETE CASCADE,
    until     timestamptz NOT NULL,
    reason    text NOT NULL,
    parked_at timestamptz NOT NULL
);

-- Everything that happened, and why. An event id takes effect once.
CREATE TABLE lease_event (
    sequence   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id         text NOT NULL CONSTRAINT lease_event_takes_effect_once UNIQUE,
    lease      uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    version    bigint NOT NULL,
    at         timestamptz NOT NULL,
    name       text NOT NULL,
    feed_name  text,
    from_state text NOT NULL,
    to_state   text NOT NULL,
    cause_type text NOT NULL,
    cause_id   text NOT NULL,
    evidence   jsonb NOT NULL
);

CREATE INDEX lease_event_of_lease ON lease_event (lease, sequence);
-- What the circuit breaker counts.
CREATE INDEX lease_event_suspensions ON lease_event (at) WHERE name = 'woke' AND to_state = 'suspended';

-- Effects not done yet. A row goes in the transaction that records its outcome.
CREATE TABLE outbox (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lease         uuid NOT NULL REFERENCES lease ON DELETE CASCADE,
    version       bigint NOT NULL,
    ordinal       integer NOT NULL,
    lane          text NOT NULL CONSTRAINT outbox_lane CHECK (lane IN ('resource', 'invoice', 'payout', 'notice')),
    generation    bigint,
    effect        jsonb NOT NULL,
    due_at        timestamptz NOT NULL,
    attempts      integer NOT NULL DEFAULT 0,
    last_error    text,
    claimed_by    text,
    claimed_until timestamptz,
    CONSTRAINT outbox_key UNIQUE (lease, version, ordinal),
    CONSTRAINT outbox_claim_is_whole CHECK ((claimed_by IS NULL) = (claimed_until IS NULL))
) WITH (fillfactor = 60);

CREATE INDEX outbox_due ON outbox (due_at, id);
CREATE INDEX outbox_order ON outbox (lease, lane, id);
