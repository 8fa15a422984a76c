-- Stores a group of records of which none has a password, a key or more than one claim, in one round trip.
--
-- In: an array for each column of the records, then one for each column of their claims, NULL for a record without. Out: a
-- row for each record, in no order, `record` being its place in the group from 1; one that is not stored lost its claim.
--
-- Whoever has a claim already, before the statement, within it or beside it, is met by the unique index: a row that is in
-- the way is waited for, and then left. Claims come in the order of their digests, so that two statements wait in the same
-- order and not for each other.
WITH input AS (
    SELECT i.*, nextval('record_ids') AS id
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bytea[], $7::text[])
        WITH ORDINALITY AS i (resource, form, version, attributes, created_at, digest, field, record)
), claimed AS (
    INSERT INTO claims (digest, record_id, field)
    SELECT digest, id, field FROM input WHERE digest IS NOT NULL
    ORDER BY digest, record
    ON CONFLICT DO NOTHING
    RETURNING record_id
), stored AS (
    INSERT INTO records (id, resource, form, version, attributes, created_at)
    SELECT id, resource, form, version, attributes::json, created_at FROM input
    WHERE digest IS NULL OR id IN (SELECT record_id FROM claimed)
    RETURNING id
)
SELECT i.record, s.id AS stored FROM input AS i LEFT JOIN stored AS s ON s.id = i.id
