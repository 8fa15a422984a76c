-- What was created under an Idempotency-Key, so that a retry gets the same answer.
CREATE TABLE idempotency_keys (
    digest      BLOB    PRIMARY KEY, -- SHA-256 of the caller, the form's name and the key
    fingerprint BLOB    NOT NULL,    -- SHA-256 of the key and the request without its password
    record_id   INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    expires_at  INTEGER NOT NULL     -- milliseconds since 1970-01-01T00:00:00Z
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_expires_at ON idempotency_keys (expires_at);
