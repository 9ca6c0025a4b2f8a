-- Prices in a currency: what invoices were reckoned from, and which rates are believed.
-- Amounts and rates are in hundred-millionths of the currency's unit; a rate is what a bitcoin costs.

-- NULL: a price in bitcoin.
ALTER TABLE invoice ADD COLUMN fiat_currency text CONSTRAINT invoice_fiat_currency CHECK (fiat_currency ~ '^[A-Z]{3}$');
-- Of one period.
ALTER TABLE invoice ADD COLUMN fiat_price_e8 bigint CONSTRAINT invoice_fiat_price_never_pays CHECK (fiat_price_e8 >= 0);
ALTER TABLE invoice ADD COLUMN rate_per_bitcoin_e8 bigint CONSTRAINT invoice_rate_is_one CHECK (rate_per_bitcoin_e8 > 0);
ALTER TABLE invoice ADD COLUMN rate_source text;
ALTER TABLE invoice ADD COLUMN rate_read_at timestamptz;
ALTER TABLE invoice ADD CONSTRAINT invoice_rate_is_whole CHECK
    (num_nonnulls(fiat_currency, fiat_price_e8, rate_per_bitcoin_e8, rate_source, rate_read_at) IN (0, 5));

-- One row for a currency: the last rate that was believed, and the reading that is not.
CREATE TABLE exchange_rate (
    currency               text PRIMARY KEY CONSTRAINT exchange_rate_currency CHECK (currency ~ '^[A-Z]{3}$'),
    per_bitcoin_e8         bigint NOT NULL CONSTRAINT exchange_rate_is_one CHECK (per_bitcoin_e8 > 0),
    source                 text NOT NULL,
    read_at                timestamptz NOT NULL,
    doubted_per_bitcoin_e8 bigint CONSTRAINT exchange_rate_doubted_is_one CHECK (doubted_per_bitcoin_e8 > 0),
    doubted_source         text,
    doubted_read_at        timestamptz,
    -- When the first reading near the doubted one was so.
    doubted_since          timestamptz,
    CONSTRAINT exchange_rate_doubt_is_whole CHECK
        (num_nonnulls(doubted_per_bitcoin_e8, doubted_source, doubted_read_at, doubted_since) IN (0, 4))
);
