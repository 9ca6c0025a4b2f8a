-- What a user name of a password stands for. The password is derived from the token and kept nowhere.

CREATE TABLE password_grant (
    login   text PRIMARY KEY CONSTRAINT password_grant_login_has_26_characters CHECK (length(login) = 26),
    token   bytea NOT NULL UNIQUE REFERENCES credential_token ON DELETE CASCADE,
    -- As in the macaroon, the minted four first.
    caveats jsonb NOT NULL
);
