-- A row while a transfer fills this database: it is not whole, and must not be served.
CREATE TABLE transfers (
    begun_at bigint NOT NULL -- milliseconds since 1970-01-01T00:00:00Z
);
