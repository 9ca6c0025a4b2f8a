-- What the migrations come to, for reading. Written by SchemaTests; never edited.

CREATE FUNCTION public.lease_takes_its_rows() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (SELECT FROM gone g WHERE EXISTS (SELECT FROM ledger_transfer t WHERE t.lease = g.id OFFSET 0)) THEN
        RAISE EXCEPTION 'a lease that money moved for is kept' USING ERRCODE = 'foreign_key_violation';
    END IF;
    DELETE FROM lease_event WHERE lease = ANY (ARRAY(SELECT id FROM gone));
    DELETE FROM outbox WHERE lease = ANY (ARRAY(SELECT id FROM gone));
    RETURN NULL;
END $$;

CREATE FUNCTION public.ledger_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the ledger is added to, never changed';
END $$;

CREATE TABLE public.allocation (
    lease uuid NOT NULL,
    host text NOT NULL,
    kind text NOT NULL,
    slot integer NOT NULL,
    disk bigint NOT NULL,
    cpu bigint NOT NULL,
    memory bigint NOT NULL,
    pids bigint NOT NULL,
    unpaid boolean NOT NULL,
    CONSTRAINT allocation_slot_counts CHECK ((slot >= 0))
);

CREATE TABLE public.attachment (
    container uuid NOT NULL,
    disk uuid NOT NULL,
    token bytea NOT NULL,
    read_only boolean NOT NULL,
    valid_until timestamp with time zone,
    attached_at timestamp with time zone NOT NULL,
    ending text,
    ended_at timestamp with time zone,
    CONSTRAINT attachment_ended_for_a_reason CHECK (((ended_at IS NULL) OR (ending IS NOT NULL))),
    CONSTRAINT attachment_ending_is_known CHECK ((ending = ANY (ARRAY['asked'::text, 'revoked'::text, 'expired'::text, 'disk'::text, 'container'::text]))),
    CONSTRAINT attachment_token_has_32_bytes CHECK ((length(token) = 32))
);

CREATE TABLE public.capacity_hold (
    invoice bigint NOT NULL,
    lease uuid NOT NULL,
    host text NOT NULL,
    kind text NOT NULL,
    disk bigint NOT NULL,
    cpu bigint NOT NULL,
    memory bigint NOT NULL,
    pids bigint NOT NULL,
    CONSTRAINT capacity_hold_takes CHECK (((disk >= 0) AND (cpu >= 0) AND (memory >= 0) AND (pids >= 0)))
);

CREATE TABLE public.contact (
    token bytea NOT NULL,
    lease uuid NOT NULL,
    channel text NOT NULL,
    sealed bytea NOT NULL,
    site bytea NOT NULL,
    code_hash bytea,
    created_at timestamp with time zone NOT NULL,
    confirmed_at timestamp with time zone,
    delivered_at timestamp with time zone,
    failing_since timestamp with time zone,
    wants_invoice boolean DEFAULT false NOT NULL,
    CONSTRAINT contact_channel CHECK ((channel = ANY (ARRAY['webhook'::text, 'email'::text, 'nostr'::text]))),
    CONSTRAINT contact_code_hash_has_32_bytes CHECK ((length(code_hash) = 32)),
    CONSTRAINT contact_sealed_is_bounded CHECK (((length(sealed) >= 40) AND (length(sealed) <= 8192))),
    CONSTRAINT contact_site_has_8_bytes CHECK ((length(site) = 8))
);

CREATE TABLE public.contact_question (
    address bytea NOT NULL,
    lease uuid NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    CONSTRAINT contact_question_address_has_32_bytes CHECK ((length(address) = 32))
);

CREATE TABLE public.credential_token (
    id bytea NOT NULL,
    lease uuid NOT NULL,
    parent bytea,
    payment_hash bytea NOT NULL,
    capabilities text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    minted_for text DEFAULT 'challenge'::text NOT NULL,
    CONSTRAINT credential_token_has_32_bytes CHECK ((length(id) = 32)),
    CONSTRAINT credential_token_minted_for_is_known CHECK ((minted_for = ANY (ARRAY['challenge'::text, 'swap'::text, 'loan'::text, 'subloan'::text, 'rotation'::text, 'address'::text, 'contact'::text])))
);

CREATE TABLE public.credit_move (
    id text NOT NULL,
    from_lease uuid NOT NULL,
    to_lease uuid NOT NULL,
    msat bigint NOT NULL,
    asked_msat bigint,
    at timestamp with time zone NOT NULL,
    CONSTRAINT credit_move_id_is_a_hash CHECK ((id ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT credit_move_is_money CHECK ((msat > 0)),
    CONSTRAINT credit_move_moves_what_was_asked CHECK ((asked_msat = msat))
);

CREATE TABLE public.daemon (
    name text NOT NULL,
    beat_at timestamp with time zone NOT NULL
);

CREATE TABLE public.delivery (
    id bigint NOT NULL,
    contact bytea NOT NULL,
    lease uuid NOT NULL,
    channel text NOT NULL,
    site bytea NOT NULL,
    key text NOT NULL,
    notice jsonb,
    announced_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    deadline timestamp with time zone NOT NULL,
    is_retry boolean NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    claimed_by text,
    claimed_until timestamp with time zone,
    dead_at timestamp with time zone,
    CONSTRAINT delivery_channel CHECK ((channel = ANY (ARRAY['webhook'::text, 'email'::text, 'nostr'::text]))),
    CONSTRAINT delivery_dead_is_in_no_hand CHECK (((dead_at IS NULL) OR (claimed_until IS NULL))),
    CONSTRAINT delivery_is_claimed_by_somebody CHECK (((claimed_by IS NULL) = (claimed_until IS NULL))),
    CONSTRAINT delivery_last_error_is_bounded CHECK ((length(last_error) <= 300))
);

ALTER TABLE public.delivery ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.delivery_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.exchange_rate (
    currency text NOT NULL,
    per_bitcoin_e8 bigint NOT NULL,
    source text NOT NULL,
    read_at timestamp with time zone NOT NULL,
    doubted_per_bitcoin_e8 bigint,
    doubted_source text,
    doubted_read_at timestamp with time zone,
    doubted_since timestamp with time zone,
    CONSTRAINT exchange_rate_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT exchange_rate_doubt_is_whole CHECK ((num_nonnulls(doubted_per_bitcoin_e8, doubted_source, doubted_read_at, doubted_since) = ANY (ARRAY[0, 4]))),
    CONSTRAINT exchange_rate_doubted_is_one CHECK ((doubted_per_bitcoin_e8 > 0)),
    CONSTRAINT exchange_rate_is_one CHECK ((per_bitcoin_e8 > 0))
);

CREATE TABLE public.idempotency (
    scope text NOT NULL,
    key text NOT NULL,
    body_hash text NOT NULL,
    lease uuid NOT NULL,
    used_at timestamp with time zone NOT NULL
);

CREATE TABLE public.invoice (
    id bigint NOT NULL,
    lease uuid NOT NULL,
    slot text NOT NULL,
    purpose jsonb NOT NULL,
    label text NOT NULL,
    msat bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    payment_hash bytea,
    bolt11 text,
    preimage bytea,
    redeemed_at timestamp with time zone,
    redeemed_key text,
    hold_epoch integer,
    fiat_currency text,
    fiat_price_e8 bigint,
    rate_per_bitcoin_e8 bigint,
    rate_source text,
    rate_read_at timestamp with time zone,
    tokens_swept boolean DEFAULT false NOT NULL,
    CONSTRAINT invoice_accepted_is_held CHECK (((state <> 'accepted'::text) OR (hold_epoch IS NOT NULL))),
    CONSTRAINT invoice_asks_for_money CHECK ((msat > 0)),
    CONSTRAINT invoice_fiat_currency CHECK ((fiat_currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT invoice_fiat_price_never_pays CHECK ((fiat_price_e8 >= 0)),
    CONSTRAINT invoice_hold_epoch CHECK (((hold_epoch >= 0) AND (hold_epoch <= 65535))),
    CONSTRAINT invoice_is_made_unless_reserved CHECK (((state = ANY (ARRAY['reserved'::text, 'canceled'::text])) OR (payment_hash IS NOT NULL))),
    CONSTRAINT invoice_preimage_means_settled CHECK (((preimage IS NOT NULL) = (state = 'settled'::text))),
    CONSTRAINT invoice_rate_is_one CHECK ((rate_per_bitcoin_e8 > 0)),
    CONSTRAINT invoice_rate_is_whole CHECK ((num_nonnulls(fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at) = ANY (ARRAY[0, 5]))),
    CONSTRAINT invoice_state CHECK ((state = ANY (ARRAY['reserved'::text, 'open'::text, 'replaced'::text, 'accepted'::text, 'settled'::text, 'canceled'::text, 'expired'::text])))
);

ALTER TABLE public.invoice ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.invoice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.key_epoch (
    epoch integer NOT NULL,
    fingerprint bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    mints_from timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT key_epoch_fingerprint_has_32_bytes CHECK ((length(fingerprint) = 32)),
    CONSTRAINT key_epoch_has_16_bits CHECK (((epoch >= 0) AND (epoch <= 65535)))
);

CREATE TABLE public.lease (
    id uuid NOT NULL,
    kind text NOT NULL,
    offer text NOT NULL,
    terms jsonb NOT NULL,
    request jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    state text NOT NULL,
    detail jsonb NOT NULL,
    version bigint NOT NULL,
    generation bigint NOT NULL,
    balance_msat bigint NOT NULL,
    credit_msat bigint NOT NULL,
    rate_msat bigint NOT NULL,
    rate_span_us bigint NOT NULL,
    remainder bigint NOT NULL,
    charged_to timestamp with time zone,
    wakes_at timestamp with time zone,
    sold_as text,
    sweep_at timestamp with time zone,
    asked_body_hash text,
    asked_key text,
    CONSTRAINT lease_closed_holds_nothing CHECK (((state <> 'closed'::text) OR (balance_msat = 0))),
    CONSTRAINT lease_credit_is_owed CHECK ((credit_msat >= 0)),
    CONSTRAINT lease_generation_counts CHECK ((generation >= 0)),
    CONSTRAINT lease_kind CHECK ((kind = ANY (ARRAY['disk'::text, 'compute'::text]))),
    CONSTRAINT lease_rate_has_a_span CHECK ((rate_span_us >= 1)),
    CONSTRAINT lease_rate_never_pays CHECK ((rate_msat >= 0)),
    CONSTRAINT lease_remainder_is_less_than_one CHECK (((remainder >= 0) AND (remainder < rate_span_us))),
    CONSTRAINT lease_state CHECK ((state = ANY (ARRAY['quoted'::text, 'provisioning'::text, 'active'::text, 'grace'::text, 'suspended'::text, 'reclaiming'::text, 'closed'::text]))),
    CONSTRAINT lease_version_counts CHECK ((version >= 0))
)
WITH (fillfactor='70');

CREATE TABLE public.lease_address (
    hash bytea NOT NULL,
    token bytea NOT NULL,
    lease uuid NOT NULL,
    path text,
    CONSTRAINT lease_address_hash_has_32_bytes CHECK ((length(hash) = 32))
);

CREATE TABLE public.lease_event (
    sequence bigint NOT NULL,
    id text NOT NULL,
    lease uuid NOT NULL,
    version bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    name text NOT NULL,
    feed_name text,
    from_state text NOT NULL,
    to_state text NOT NULL,
    cause_type text NOT NULL,
    cause_id text NOT NULL,
    evidence jsonb NOT NULL
);

ALTER TABLE public.lease_event ALTER COLUMN sequence ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.lease_event_sequence_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.lease_parked (
    lease uuid NOT NULL,
    until timestamp with time zone NOT NULL,
    reason text NOT NULL,
    parked_at timestamp with time zone NOT NULL
);

CREATE TABLE public.lease_tally (
    id bigint NOT NULL,
    state text NOT NULL,
    delta bigint NOT NULL
);

ALTER TABLE public.lease_tally ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.lease_tally_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_checkpoint (
    is_only boolean DEFAULT true NOT NULL,
    upto bigint NOT NULL,
    transfers bigint NOT NULL,
    proved_at timestamp with time zone NOT NULL,
    CONSTRAINT ledger_checkpoint_is_only CHECK (is_only)
);

CREATE TABLE public.ledger_proved (
    lease uuid NOT NULL,
    balance_msat bigint NOT NULL,
    credit_msat bigint NOT NULL,
    came_msat bigint NOT NULL,
    went_msat bigint NOT NULL
);

CREATE TABLE public.ledger_proved_total (
    kind text NOT NULL,
    msat bigint NOT NULL
);

CREATE TABLE public.ledger_transfer (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    debit text NOT NULL,
    credit text NOT NULL,
    msat bigint NOT NULL,
    cause text NOT NULL,
    lease uuid NOT NULL,
    CONSTRAINT ledger_transfer_goes_elsewhere CHECK ((debit <> credit)),
    CONSTRAINT ledger_transfer_moves_money CHECK ((msat > 0))
);

ALTER TABLE public.ledger_transfer ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_transfer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.node_cursor (
    node text NOT NULL,
    "position" text NOT NULL,
    moved_at timestamp with time zone NOT NULL
);

CREATE TABLE public.node_standing (
    node text NOT NULL,
    trouble_since timestamp with time zone,
    back_at timestamp with time zone,
    released_at timestamp with time zone,
    follower_failing_since timestamp with time zone,
    seen_at timestamp with time zone NOT NULL,
    cursor_ahead_at timestamp with time zone,
    CONSTRAINT node_standing_back_from_trouble CHECK (((back_at IS NULL) OR (trouble_since IS NOT NULL)))
);

CREATE TABLE public.offer_announced (
    offer text NOT NULL,
    terms jsonb NOT NULL,
    announced_at timestamp with time zone NOT NULL
);

CREATE TABLE public.outage (
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    leapt boolean DEFAULT false NOT NULL,
    CONSTRAINT outage_lasts CHECK ((ended_at > began_at))
);

CREATE TABLE public.outage_credit (
    label text NOT NULL,
    affected_since timestamp with time zone NOT NULL,
    affected_until timestamp with time zone NOT NULL,
    host text,
    msat_each bigint,
    reason text NOT NULL,
    begun_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    upto uuid NOT NULL,
    leases bigint DEFAULT 0 NOT NULL,
    msat bigint DEFAULT 0 NOT NULL,
    CONSTRAINT outage_credit_is_money CHECK ((msat_each > 0)),
    CONSTRAINT outage_credit_label_is_short CHECK (((length(label) >= 1) AND (length(label) <= 128))),
    CONSTRAINT outage_credit_lasts CHECK ((affected_until > affected_since))
);

CREATE TABLE public.outbox (
    id bigint NOT NULL,
    lease uuid NOT NULL,
    version bigint NOT NULL,
    ordinal integer NOT NULL,
    lane text NOT NULL,
    generation bigint,
    effect jsonb NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    last_error text,
    claimed_by text,
    claimed_until timestamp with time zone,
    begun_at timestamp with time zone,
    host text DEFAULT ''::text NOT NULL,
    CONSTRAINT outbox_begun_is_claimed CHECK (((begun_at IS NULL) OR (claimed_by IS NOT NULL))),
    CONSTRAINT outbox_claim_is_whole CHECK (((claimed_by IS NULL) = (claimed_until IS NULL)))
)
WITH (fillfactor='60');

ALTER TABLE public.outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.password_grant (
    login text NOT NULL,
    token bytea NOT NULL,
    caveats jsonb NOT NULL,
    CONSTRAINT password_grant_login_has_26_characters CHECK ((length(login) = 26))
);

CREATE TABLE public.payment (
    payment_hash bytea NOT NULL,
    lease uuid NOT NULL,
    received_msat bigint NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    booked_at timestamp with time zone NOT NULL,
    CONSTRAINT payment_is_money CHECK ((received_msat > 0))
);

CREATE TABLE public.payout (
    payment_hash bytea NOT NULL,
    lease uuid NOT NULL,
    bolt11 text NOT NULL,
    msat bigint NOT NULL,
    max_fee_msat bigint NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    ordered_at timestamp with time zone,
    ordered_of text,
    state text NOT NULL,
    fee_msat bigint,
    preimage bytea,
    reason text,
    finished_at timestamp with time zone,
    CONSTRAINT payout_ends_once CHECK (((finished_at IS NULL) = (state = 'pending'::text))),
    CONSTRAINT payout_failed_says_why CHECK (((reason IS NOT NULL) = (state = 'failed'::text))),
    CONSTRAINT payout_fee CHECK ((fee_msat >= 0)),
    CONSTRAINT payout_fee_budget CHECK ((max_fee_msat >= 0)),
    CONSTRAINT payout_hash_has_32_bytes CHECK ((length(payment_hash) = 32)),
    CONSTRAINT payout_is_money CHECK ((msat > 0)),
    CONSTRAINT payout_order_names_node CHECK (((ordered_at IS NULL) = (ordered_of IS NULL))),
    CONSTRAINT payout_paid_is_proved CHECK ((((preimage IS NOT NULL) AND (fee_msat IS NOT NULL)) = (state = 'paid'::text))),
    CONSTRAINT payout_state CHECK ((state = ANY (ARRAY['pending'::text, 'paid'::text, 'failed'::text])))
);

CREATE TABLE public.pool (
    id integer NOT NULL,
    host text NOT NULL,
    kind text NOT NULL,
    dimension text NOT NULL,
    configured bigint NOT NULL,
    capacity bigint NOT NULL,
    used bigint DEFAULT 0 NOT NULL,
    unpaid bigint DEFAULT 0 NOT NULL,
    uid_base bigint NOT NULL,
    CONSTRAINT pool_dimension CHECK ((dimension = ANY (ARRAY['disk'::text, 'cpu'::text, 'memory'::text, 'pids'::text]))),
    CONSTRAINT pool_is_not_oversold CHECK (((used >= 0) AND (used <= capacity))),
    CONSTRAINT pool_unpaid_is_part CHECK (((unpaid >= 0) AND (unpaid <= used)))
);

ALTER TABLE public.pool ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.pool_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.quote_client (
    lease uuid NOT NULL,
    client text NOT NULL
);

CREATE TABLE public.schema_migration (
    version bigint NOT NULL,
    name text NOT NULL,
    sha256 bytea NOT NULL,
    applied_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);

CREATE TABLE public.uid_range (
    host text NOT NULL,
    next_slot integer NOT NULL,
    CONSTRAINT uid_range_counts CHECK ((next_slot >= 0))
);

CREATE TABLE public.uid_slot_free (
    host text NOT NULL,
    slot integer NOT NULL,
    CONSTRAINT uid_slot_free_counts CHECK ((slot >= 0))
);

CREATE TABLE public.unbooked_settlement (
    payment_hash bytea NOT NULL,
    lease uuid,
    preimage bytea NOT NULL,
    received_msat bigint NOT NULL,
    settled_at timestamp with time zone NOT NULL,
    label text NOT NULL,
    "position" text NOT NULL,
    reason text NOT NULL,
    found_at timestamp with time zone NOT NULL,
    resolved_at timestamp with time zone,
    resolution text,
    CONSTRAINT unbooked_settlement_resolved_says_why CHECK (((resolution IS NULL) = (resolved_at IS NULL)))
);

CREATE TABLE public.usage_counter (
    lease uuid NOT NULL,
    incarnation bigint NOT NULL,
    meter text NOT NULL,
    value bigint NOT NULL,
    read_at timestamp with time zone NOT NULL
)
WITH (fillfactor='70');

CREATE TABLE public.usage_day (
    lease uuid NOT NULL,
    day timestamp with time zone NOT NULL,
    meter text NOT NULL,
    incarnation bigint NOT NULL,
    quantity bigint NOT NULL,
    charged_msat bigint NOT NULL,
    CONSTRAINT usage_day_counts_up CHECK ((quantity >= 0)),
    CONSTRAINT usage_day_never_pays CHECK ((charged_msat >= 0))
);

CREATE TABLE public.usage_rating (
    lease uuid NOT NULL,
    meter text NOT NULL,
    period bigint NOT NULL,
    used bigint NOT NULL,
    remainder bigint NOT NULL
);

CREATE TABLE public.usage_window (
    lease uuid NOT NULL,
    incarnation bigint NOT NULL,
    meter text NOT NULL,
    window_start timestamp with time zone NOT NULL,
    quantity bigint NOT NULL,
    charged_msat bigint,
    CONSTRAINT usage_window_counts_up CHECK ((quantity >= 0)),
    CONSTRAINT usage_window_meter CHECK ((meter = ANY (ARRAY['cpu'::text, 'memory'::text, 'disk'::text, 'egress'::text, 'ingress'::text, 'requests'::text]))),
    CONSTRAINT usage_window_never_pays CHECK ((charged_msat >= 0))
)
WITH (fillfactor='70');

CREATE TABLE public.variant_swept (
    offer text NOT NULL,
    variant text NOT NULL,
    quotes bigint NOT NULL,
    CONSTRAINT variant_swept_counts CHECK ((quotes > 0))
);

CREATE TABLE public.waitlist_entry (
    id bigint NOT NULL,
    secret bytea NOT NULL,
    offer text NOT NULL,
    client text NOT NULL,
    request jsonb NOT NULL,
    body_hash text NOT NULL,
    joined_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    lease uuid,
    offered_at timestamp with time zone,
    contacts jsonb DEFAULT '[]'::jsonb NOT NULL,
    CONSTRAINT waitlist_entry_lasts CHECK ((expires_at > joined_at)),
    CONSTRAINT waitlist_entry_offered_whole CHECK (((lease IS NULL) = (offered_at IS NULL))),
    CONSTRAINT waitlist_entry_secret_has_32_bytes CHECK ((length(secret) = 32))
);

ALTER TABLE public.waitlist_entry ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.waitlist_entry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.wallet_grant (
    lease uuid NOT NULL,
    sealed bytea NOT NULL,
    budget_msat bigint NOT NULL,
    span_seconds bigint NOT NULL,
    total_msat bigint,
    created_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_grant_budget_is_positive CHECK ((budget_msat > 0)),
    CONSTRAINT wallet_grant_sealed_is_bounded CHECK (((length(sealed) >= 43) AND (length(sealed) <= 4096))),
    CONSTRAINT wallet_grant_span_is_positive CHECK ((span_seconds > 0)),
    CONSTRAINT wallet_grant_total_is_positive CHECK ((total_msat > 0))
);

CREATE TABLE public.wallet_pull (
    payment_hash bytea NOT NULL,
    lease uuid NOT NULL,
    amount_msat bigint NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    turn text NOT NULL,
    requests integer NOT NULL,
    refused text,
    counts_at timestamp with time zone NOT NULL,
    CONSTRAINT wallet_pull_amount_is_positive CHECK ((amount_msat > 0)),
    CONSTRAINT wallet_pull_counts_once_asked CHECK ((counts_at >= asked_at)),
    CONSTRAINT wallet_pull_hash_has_32_bytes CHECK ((length(payment_hash) = 32)),
    CONSTRAINT wallet_pull_refused_is_short CHECK ((length(refused) <= 300))
);

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_owns_its_uids UNIQUE (host, slot);

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (container);

ALTER TABLE ONLY public.capacity_hold
    ADD CONSTRAINT capacity_hold_pkey PRIMARY KEY (invoice);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_code_hash_key UNIQUE (code_hash);

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_pkey PRIMARY KEY (token);

ALTER TABLE ONLY public.credential_token
    ADD CONSTRAINT credential_token_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.credit_move
    ADD CONSTRAINT credit_move_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.daemon
    ADD CONSTRAINT daemon_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_is_made_once UNIQUE (contact, key);

ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.exchange_rate
    ADD CONSTRAINT exchange_rate_pkey PRIMARY KEY (currency);

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_pkey PRIMARY KEY (scope, key);

ALTER TABLE ONLY public.invoice
    ADD CONSTRAINT invoice_label UNIQUE (label);

ALTER TABLE ONLY public.invoice
    ADD CONSTRAINT invoice_payment_hash UNIQUE (payment_hash);

ALTER TABLE ONLY public.invoice
    ADD CONSTRAINT invoice_pkey PRIMARY KEY (id);

ALTER TABLE public.invoice
    ADD CONSTRAINT invoice_slot_is_known CHECK ((split_part(slot, ':'::text, 1) = ANY (ARRAY['purchase'::text, 'renewal'::text, 'top_up'::text, 'change'::text]))) NOT VALID;

ALTER TABLE ONLY public.key_epoch
    ADD CONSTRAINT key_epoch_pkey PRIMARY KEY (epoch);

ALTER TABLE ONLY public.lease_address
    ADD CONSTRAINT lease_address_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.lease_address
    ADD CONSTRAINT lease_address_token_key UNIQUE (token);

ALTER TABLE public.lease_event
    ADD CONSTRAINT lease_event_cause_type CHECK ((cause_type = ANY (ARRAY['request'::text, 'timer'::text, 'payment'::text, 'effect'::text, 'operator'::text, 'meter'::text, 'payout'::text, 'offer'::text, 'credential'::text, 'reconciler'::text]))) NOT VALID;

ALTER TABLE public.lease_event
    ADD CONSTRAINT lease_event_feed_name CHECK ((feed_name = ANY (ARRAY['quoted'::text, 'paid'::text, 'provisioned'::text, 'notice'::text, 'undelivered'::text, 'suspended'::text, 'resumed'::text, 'reclaimed'::text, 'closed'::text, 'failed'::text]))) NOT VALID;

ALTER TABLE public.lease_event
    ADD CONSTRAINT lease_event_from_state CHECK ((from_state = ANY (ARRAY[''::text, 'quoted'::text, 'provisioning'::text, 'active'::text, 'grace'::text, 'suspended'::text, 'reclaiming'::text, 'closed'::text]))) NOT VALID;

ALTER TABLE ONLY public.lease_event
    ADD CONSTRAINT lease_event_pkey PRIMARY KEY (sequence);

ALTER TABLE public.lease_event
    ADD CONSTRAINT lease_event_to_state CHECK ((to_state = ANY (ARRAY['quoted'::text, 'provisioning'::text, 'active'::text, 'grace'::text, 'suspended'::text, 'reclaiming'::text, 'closed'::text]))) NOT VALID;

ALTER TABLE ONLY public.lease_parked
    ADD CONSTRAINT lease_parked_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY public.lease
    ADD CONSTRAINT lease_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.lease_tally
    ADD CONSTRAINT lease_tally_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.ledger_checkpoint
    ADD CONSTRAINT ledger_checkpoint_pkey PRIMARY KEY (is_only);

ALTER TABLE ONLY public.ledger_proved
    ADD CONSTRAINT ledger_proved_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY public.ledger_proved_total
    ADD CONSTRAINT ledger_proved_total_pkey PRIMARY KEY (kind);

ALTER TABLE public.ledger_transfer
    ADD CONSTRAINT ledger_transfer_cause CHECK ((cause = ANY (ARRAY['payment'::text, 'time'::text, 'usage'::text, 'overpayment'::text, 'refund'::text, 'minimum'::text, 'debt'::text, 'bad_debt'::text, 'unclaimed'::text, 'payout'::text, 'fee'::text, 'move'::text, 'compensation'::text]))) NOT VALID;

ALTER TABLE ONLY public.ledger_transfer
    ADD CONSTRAINT ledger_transfer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.node_cursor
    ADD CONSTRAINT node_cursor_pkey PRIMARY KEY (node);

ALTER TABLE ONLY public.node_standing
    ADD CONSTRAINT node_standing_pkey PRIMARY KEY (node);

ALTER TABLE ONLY public.offer_announced
    ADD CONSTRAINT offer_announced_pkey PRIMARY KEY (offer);

ALTER TABLE ONLY public.outage_credit
    ADD CONSTRAINT outage_credit_pkey PRIMARY KEY (label);

ALTER TABLE ONLY public.outage
    ADD CONSTRAINT outage_pkey PRIMARY KEY (began_at, ended_at);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_key UNIQUE (lease, version, ordinal);

ALTER TABLE public.outbox
    ADD CONSTRAINT outbox_lane CHECK ((lane = ANY (ARRAY['resource'::text, 'invoice'::text, 'payout'::text, 'pull'::text, 'notice'::text]))) NOT VALID;

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.password_grant
    ADD CONSTRAINT password_grant_pkey PRIMARY KEY (login);

ALTER TABLE ONLY public.password_grant
    ADD CONSTRAINT password_grant_token_key UNIQUE (token);

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_pkey PRIMARY KEY (payment_hash);

ALTER TABLE ONLY public.payout
    ADD CONSTRAINT payout_pkey PRIMARY KEY (payment_hash);

ALTER TABLE ONLY public.pool
    ADD CONSTRAINT pool_is_one UNIQUE (host, kind, dimension);

ALTER TABLE ONLY public.pool
    ADD CONSTRAINT pool_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.quote_client
    ADD CONSTRAINT quote_client_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY public.schema_migration
    ADD CONSTRAINT schema_migration_pkey PRIMARY KEY (version);

ALTER TABLE ONLY public.uid_range
    ADD CONSTRAINT uid_range_pkey PRIMARY KEY (host);

ALTER TABLE ONLY public.uid_slot_free
    ADD CONSTRAINT uid_slot_free_pkey PRIMARY KEY (host, slot);

ALTER TABLE ONLY public.unbooked_settlement
    ADD CONSTRAINT unbooked_settlement_pkey PRIMARY KEY (payment_hash);

ALTER TABLE ONLY public.usage_counter
    ADD CONSTRAINT usage_counter_pkey PRIMARY KEY (lease, incarnation, meter);

ALTER TABLE ONLY public.usage_day
    ADD CONSTRAINT usage_day_pkey PRIMARY KEY (lease, day, meter, incarnation);

ALTER TABLE ONLY public.usage_rating
    ADD CONSTRAINT usage_rating_pkey PRIMARY KEY (lease, meter);

ALTER TABLE ONLY public.usage_window
    ADD CONSTRAINT usage_window_pkey PRIMARY KEY (lease, incarnation, meter, window_start);

ALTER TABLE ONLY public.variant_swept
    ADD CONSTRAINT variant_swept_pkey PRIMARY KEY (offer, variant);

ALTER TABLE ONLY public.waitlist_entry
    ADD CONSTRAINT waitlist_entry_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.wallet_grant
    ADD CONSTRAINT wallet_grant_pkey PRIMARY KEY (lease);

ALTER TABLE ONLY public.wallet_pull
    ADD CONSTRAINT wallet_pull_pkey PRIMARY KEY (payment_hash);

CREATE INDEX attachment_of_disk ON public.attachment USING btree (disk);

CREATE INDEX attachment_open ON public.attachment USING btree (container) WHERE (ended_at IS NULL);

CREATE INDEX capacity_hold_of_lease ON public.capacity_hold USING btree (lease);

CREATE INDEX contact_of_lease ON public.contact USING btree (lease);

CREATE INDEX contact_question_of_address ON public.contact_question USING btree (address, asked_at);

CREATE INDEX contact_question_of_lease ON public.contact_question USING btree (lease, asked_at);

CREATE INDEX contact_question_old ON public.contact_question USING btree (asked_at);

CREATE INDEX credential_token_children ON public.credential_token USING btree (parent) WHERE (parent IS NOT NULL);

CREATE INDEX credential_token_lent ON public.credential_token USING btree (lease, minted_for) WHERE ((minted_for = ANY (ARRAY['loan'::text, 'subloan'::text])) AND (revoked_at IS NULL));

CREATE INDEX credential_token_of_lease ON public.credential_token USING btree (lease);

CREATE INDEX credential_token_of_payment ON public.credential_token USING btree (payment_hash);

CREATE INDEX credential_token_revoked ON public.credential_token USING btree (revoked_at) WHERE (revoked_at IS NOT NULL);

CREATE INDEX credit_move_from ON public.credit_move USING btree (from_lease);

CREATE INDEX credit_move_to ON public.credit_move USING btree (to_lease);

CREATE INDEX delivery_claimed ON public.delivery USING btree (claimed_until) WHERE (claimed_until IS NOT NULL);

CREATE INDEX delivery_dead ON public.delivery USING btree (dead_at) WHERE (dead_at IS NOT NULL);

CREATE INDEX delivery_deadline ON public.delivery USING btree (deadline) WHERE ((dead_at IS NULL) AND (claimed_until IS NULL));

CREATE INDEX delivery_due ON public.delivery USING btree (is_retry, due_at, id) WHERE ((dead_at IS NULL) AND (claimed_until IS NULL));

CREATE INDEX delivery_of_lease ON public.delivery USING btree (lease);

CREATE INDEX idempotency_by_time ON public.idempotency USING btree (used_at);

CREATE INDEX idempotency_of_lease ON public.idempotency USING btree (lease);

CREATE INDEX invoice_lapsed ON public.invoice USING btree (expires_at) WHERE ((state = ANY (ARRAY['canceled'::text, 'expired'::text])) AND (slot <> 'purchase'::text));

CREATE INDEX invoice_of_lease ON public.invoice USING btree (lease);

CREATE UNIQUE INDEX invoice_one_open ON public.invoice USING btree (lease, slot) WHERE (state = ANY (ARRAY['reserved'::text, 'open'::text, 'accepted'::text]));

CREATE INDEX invoice_tokens ON public.invoice USING btree (created_at) WHERE ((state = ANY (ARRAY['canceled'::text, 'expired'::text])) AND (NOT tokens_swept));

CREATE INDEX invoice_undecided_holds ON public.invoice USING btree (expires_at) WHERE ((hold_epoch IS NOT NULL) AND (state = ANY (ARRAY['reserved'::text, 'open'::text, 'replaced'::text, 'accepted'::text])));

CREATE INDEX invoice_unsettled ON public.invoice USING btree (expires_at) WHERE (state = ANY (ARRAY['reserved'::text, 'open'::text, 'replaced'::text, 'accepted'::text]));

CREATE INDEX lease_address_of_lease ON public.lease_address USING btree (lease);

CREATE INDEX lease_by_offer ON public.lease USING btree (offer, state, id);

CREATE INDEX lease_by_state ON public.lease USING btree (state, id);

CREATE INDEX lease_due ON public.lease USING btree (wakes_at) WHERE (wakes_at IS NOT NULL);

CREATE INDEX lease_event_failed_starts ON public.lease_event USING btree (at) WHERE (name = 'provision_failed'::text);

CREATE INDEX lease_event_of_lease ON public.lease_event USING btree (lease, sequence);

CREATE INDEX lease_event_suspensions ON public.lease_event USING btree (at) WHERE ((name = 'woke'::text) AND (to_state = 'suspended'::text));

CREATE UNIQUE INDEX lease_event_takes_effect_once ON public.lease_event USING btree (id) WHERE (name <> ALL (ARRAY['woke'::text, 'notice'::text]));

CREATE INDEX lease_short_name ON public.lease USING btree ("right"((id)::text, 12));

CREATE INDEX lease_sold_as ON public.lease USING btree (id) WHERE (sold_as IS NOT NULL);

CREATE INDEX lease_sweep ON public.lease USING btree (sweep_at) WHERE (sweep_at IS NOT NULL);

CREATE INDEX ledger_transfer_by_time ON public.ledger_transfer USING brin (at) WITH (autosummarize='on');

CREATE INDEX ledger_transfer_of_lease ON public.ledger_transfer USING btree (lease, id);

CREATE INDEX outage_by_end ON public.outage USING btree (ended_at);

CREATE INDEX outage_credit_by_time ON public.outage_credit USING btree (begun_at);

CREATE INDEX outbox_claimed ON public.outbox USING btree (claimed_until) WHERE (claimed_until IS NOT NULL);

CREATE INDEX outbox_failing ON public.outbox USING btree (id) WHERE ((lane = 'resource'::text) AND (attempts >= 8));

CREATE INDEX outbox_free ON public.outbox USING btree (lane, due_at, id) WHERE (claimed_until IS NULL);

CREATE INDEX outbox_free_here ON public.outbox USING btree (host, due_at, id) WHERE ((lane = 'resource'::text) AND (claimed_until IS NULL));

CREATE INDEX outbox_order ON public.outbox USING btree (lease, lane, id);

CREATE INDEX payment_by_time ON public.payment USING btree (booked_at);

CREATE INDEX payment_of_lease ON public.payment USING btree (lease);

CREATE INDEX payout_not_failed ON public.payout USING btree (asked_at) WHERE (state <> 'failed'::text);

CREATE INDEX payout_of_lease ON public.payout USING btree (lease, asked_at);

CREATE INDEX payout_pending ON public.payout USING btree (asked_at) WHERE (state = 'pending'::text);

CREATE INDEX quote_client_of ON public.quote_client USING btree (client);

CREATE INDEX unbooked_settlement_of_lease ON public.unbooked_settlement USING btree (lease);

CREATE INDEX unbooked_settlement_open ON public.unbooked_settlement USING btree (found_at) WHERE (resolved_at IS NULL);

CREATE INDEX usage_window_listing ON public.usage_window USING btree (lease, window_start);

CREATE INDEX usage_window_rated ON public.usage_window USING btree (window_start) WHERE (charged_msat IS NOT NULL);

CREATE INDEX usage_window_unrated ON public.usage_window USING btree (window_start, lease) WHERE (charged_msat IS NULL);

CREATE UNIQUE INDEX waitlist_entry_by_secret ON public.waitlist_entry USING btree (secret);

CREATE INDEX waitlist_entry_expiry ON public.waitlist_entry USING btree (expires_at);

CREATE INDEX waitlist_entry_of_client ON public.waitlist_entry USING btree (client);

CREATE INDEX waitlist_entry_waiting ON public.waitlist_entry USING btree (offer, id) WHERE (lease IS NULL);

CREATE INDEX wallet_pull_of_lease ON public.wallet_pull USING btree (lease, asked_at);

CREATE TRIGGER lease_takes_its_rows AFTER DELETE ON public.lease REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.lease_takes_its_rows();

CREATE TRIGGER ledger_transfer_append_only BEFORE DELETE OR UPDATE ON public.ledger_transfer FOR EACH ROW EXECUTE FUNCTION public.ledger_is_append_only();

ALTER TABLE ONLY public.allocation
    ADD CONSTRAINT allocation_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_container_fkey FOREIGN KEY (container) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.attachment
    ADD CONSTRAINT attachment_disk_fkey FOREIGN KEY (disk) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.capacity_hold
    ADD CONSTRAINT capacity_hold_invoice_fkey FOREIGN KEY (invoice) REFERENCES public.invoice(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.capacity_hold
    ADD CONSTRAINT capacity_hold_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.contact
    ADD CONSTRAINT contact_token_fkey FOREIGN KEY (token) REFERENCES public.credential_token(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credential_token
    ADD CONSTRAINT credential_token_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.credit_move
    ADD CONSTRAINT credit_move_from_lease_fkey FOREIGN KEY (from_lease) REFERENCES public.lease(id);

ALTER TABLE ONLY public.credit_move
    ADD CONSTRAINT credit_move_to_lease_fkey FOREIGN KEY (to_lease) REFERENCES public.lease(id);

ALTER TABLE ONLY public.delivery
    ADD CONSTRAINT delivery_contact_fkey FOREIGN KEY (contact) REFERENCES public.contact(token) ON DELETE CASCADE;

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT idempotency_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.invoice
    ADD CONSTRAINT invoice_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lease_address
    ADD CONSTRAINT lease_address_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lease_address
    ADD CONSTRAINT lease_address_token_fkey FOREIGN KEY (token) REFERENCES public.credential_token(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.lease_parked
    ADD CONSTRAINT lease_parked_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.password_grant
    ADD CONSTRAINT password_grant_token_fkey FOREIGN KEY (token) REFERENCES public.credential_token(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.payment
    ADD CONSTRAINT payment_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id);

ALTER TABLE ONLY public.payout
    ADD CONSTRAINT payout_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id);

ALTER TABLE ONLY public.quote_client
    ADD CONSTRAINT quote_client_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_counter
    ADD CONSTRAINT usage_counter_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_day
    ADD CONSTRAINT usage_day_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_rating
    ADD CONSTRAINT usage_rating_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.usage_window
    ADD CONSTRAINT usage_window_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.wallet_grant
    ADD CONSTRAINT wallet_grant_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.wallet_pull
    ADD CONSTRAINT wallet_pull_lease_fkey FOREIGN KEY (lease) REFERENCES public.lease(id) ON DELETE CASCADE;
