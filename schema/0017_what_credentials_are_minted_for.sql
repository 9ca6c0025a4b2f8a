-- What a credential was minted for: bounds are counted by it, so that who was lent one cannot use up its owner's.
-- Rows from before count as challenges, which are bounded elsewhere.

ALTER TABLE credential_token
    ADD COLUMN minted_for text NOT NULL DEFAULT 'challenge'
    CONSTRAINT credential_token_minted_for_is_known
    CHECK (minted_for IN ('challenge', 'swap', 'loan', 'subloan', 'rotation'));

CREATE INDEX credential_token_lent ON credential_token (lease, minted_for)
    WHERE minted_for IN ('loan', 'subloan') AND revoked_at IS NULL;
