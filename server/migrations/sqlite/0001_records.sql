-- One record for every submission that a form accepted.
CREATE TABLE records (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    resource   TEXT    NOT NULL,
    form       TEXT    NOT NULL, -- the form's name
    version    TEXT    NOT NULL, -- the version of the form that accepted it
    attributes TEXT    NOT NULL CHECK (json_valid(attributes)), -- in the form's own shape
    created_at INTEGER NOT NULL  -- milliseconds since 1970-01-01T00:00:00Z
) STRICT;

-- Password hashes, apart from all that is ever read back.
CREATE TABLE passwords (
    record_id INTEGER PRIMARY KEY REFERENCES records (id) ON DELETE CASCADE,
    phc       TEXT    NOT NULL
) STRICT;

-- Every value that no other record of its resource may have: the key decides.
CREATE TABLE claims (
    digest    BLOB    PRIMARY KEY, -- SHA-256 of resource, field, scope and values
    record_id INTEGER NOT NULL REFERENCES records (id) ON DELETE CASCADE,
    field     TEXT    NOT NULL -- the dotted path, for people who look
) STRICT, WITHOUT ROWID;

CREATE TABLE tokens (
    id            TEXT    PRIMARY KEY, -- the part of a token that may be known
    name          TEXT    NOT NULL,
    secret_digest BLOB    NOT NULL,    -- SHA-256 of the other part
    forms         TEXT    NOT NULL CHECK (json_valid(forms)), -- an array of patterns of form names
    created_at    INTEGER NOT NULL,
    revoked_at    INTEGER
) STRICT;

CREATE UNIQUE INDEX tokens_name ON tokens (name) WHERE revoked_at IS NULL;
