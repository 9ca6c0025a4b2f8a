-- What was earned is asked for by day. Transfers are added in the order of time, so that a block's first and last
-- moment say enough, at a few bytes for a hundred blocks.

CREATE INDEX ledger_transfer_by_time ON ledger_transfer USING brin (at) WITH (autosummarize = on);
