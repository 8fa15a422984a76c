-- The ids of records: never used twice, whoever writes.
CREATE SEQUENCE record_ids AS bigint;

-- One record for every submission that a form accepted.
CREATE TABLE records (
    id         bigint PRIMARY KEY DEFAULT nextval('record_ids'),
    resource   text   NOT NULL,
    form       text   NOT NULL, -- the form's name
    version    text   NOT NULL, -- the version of the form that accepted it
    attributes json   NOT NULL, -- in the form's own shape and order
    created_at bigint NOT NULL  -- milliseconds since 1970-01-01T00:00:00Z
);

ALTER SEQUENCE record_ids OWNED BY records.id;

-- Password hashes, apart from all that is ever read back.
CREATE TABLE passwords (
    record_id bigint PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    phc       text   NOT NULL
);

-- Every value that no other record of its resource may have: the key decides.
CREATE TABLE claims (
    digest    bytea  PRIMARY KEY, -- SHA-256 of resource, field, scope and values
    record_id bigint NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    field     text   NOT NULL -- the dotted path, for people who look
);

-- What was created under an Idempotency-Key, so that a retry gets the same answer.
CREATE TABLE idempotency_keys (
    digest      bytea  PRIMARY KEY, -- SHA-256 of the caller, the form's name and the key
    fingerprint bytea  NOT NULL,    -- SHA-256 of the key and the request without its password
    record_id   bigint NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    expires_at  bigint NOT NULL     -- milliseconds since 1970-01-01T00:00:00Z
);

CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);

-- Tokens end by themselves, and tell when they were last used.
CREATE TABLE tokens (
    id            text   PRIMARY KEY, -- the part of a token that may be known
    name          text   NOT NULL,
    secret_digest bytea  NOT NULL,    -- SHA-256 of the other part
    forms         json   NOT NULL,    -- an array of patterns of form names
    created_at    bigint NOT NULL,
    revoked_at    bigint,
    expires_at    bigint,             -- NULL for never
    last_used_at  bigint              -- to about a minute; NULL for not yet
);

CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;
