-- Credentials that callers present: random, stored as a hash, never deleted, only revoked.
CREATE TABLE api_key (
    id             TEXT    NOT NULL PRIMARY KEY,
    name           TEXT    NOT NULL,
    role           TEXT    NOT NULL CHECK (role IN ('developer', 'admin')),
    secret_hash    TEXT    NOT NULL CHECK (length(secret_hash) = 64),
    created_micros INTEGER NOT NULL,
    revoked_micros INTEGER
) STRICT;

-- A name is free again once its key is revoked.
CREATE UNIQUE INDEX api_key_live_name ON api_key (name) WHERE revoked_micros IS NULL;
