-- Stores a group of records, each with its password, claims and key or not at all, in one round trip.
--
-- In: an array for each column of the records, then one for each column of their claims, `record` being the place of
-- the record in the group from 1 and `place` that of the claim among the record's. Out: a row for each record, in no
-- order. One that is neither stored nor kept nor taken lost its key to a twin that came at the same moment; the next
-- time it finds what the twin has stored.
--
-- All parts of the statement see the database as it was when it began. What another server commits meanwhile is met by
-- the unique indexes alone: a row that is in the way is waited for, and then left. Keys come before claims, and both in
-- the order of their digests, so that two statements wait in the same order and not for each other.
WITH input AS (
    SELECT i.*, nextval('record_ids') AS id
    FROM unnest(
        $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::bigint[],
        $8::bytea[], $9::bytea[], $10::bigint[]
    ) WITH ORDINALITY AS i (
        resource, form, version, attributes, created_at, phc, claims, key, fingerprint, expires_at, record
    )
), known AS (
    SELECT i.record, found.*
    FROM input AS i, LATERAL (
        SELECT k.fingerprint, k.record_id, r.version, p.phc
        FROM idempotency_keys AS k
        JOIN records AS r ON r.id = k.record_id
        LEFT JOIN passwords AS p ON p.record_id = k.record_id
        WHERE k.digest = i.key AND k.expires_at > i.created_at
        LIMIT 1
    ) AS found
), wanted AS (
    SELECT
        w.*,
        -- By another record, or by the same in another place.
        (SELECT c.record_id FROM claims AS c WHERE c.digest = w.digest) IS NOT NULL
            OR row_number() OVER (PARTITION BY w.record, w.digest ORDER BY w.place) > 1 AS taken
    FROM unnest($11::bigint[], $12::bigint[], $13::text[], $14::bytea[]) AS w (record, place, field, digest)
), free AS (
    SELECT * FROM input
    WHERE record NOT IN (SELECT record FROM known) AND record NOT IN (SELECT record FROM wanted WHERE taken)
), keyed AS (
    INSERT INTO idempotency_keys AS k (digest, fingerprint, record_id, expires_at)
    SELECT DISTINCT ON (f.key) f.key, f.fingerprint, f.id, f.expires_at
    FROM free AS f WHERE f.key IS NOT NULL
    ORDER BY f.key, f.record
    ON CONFLICT (digest) DO UPDATE
        SET fingerprint = excluded.fingerprint, record_id = excluded.record_id, expires_at = excluded.expires_at
        WHERE k.expires_at <= $15
    RETURNING k.record_id
), admitted AS (
    SELECT * FROM free WHERE key IS NULL OR id IN (SELECT record_id FROM keyed)
), claimed AS (
    INSERT INTO claims (digest, record_id, field)
    SELECT w.digest, a.id, w.field FROM admitted AS a JOIN wanted AS w USING (record)
    ORDER BY w.digest, a.record
    ON CONFLICT DO NOTHING
    RETURNING digest, record_id
), stored AS (
    -- Who lost some claims and won others, or lost claims and won a key, leaves rows of a record that is not there. The
    -- foreign keys refuse that, and the whole group with it: it is tried again in parts.
    INSERT INTO records (id, resource, form, version, attributes, created_at)
    SELECT id, resource, form, version, attributes::json, created_at FROM admitted
    WHERE claims = 0
        OR (id, claims) IN (SELECT record_id, count(*) FROM claimed GROUP BY record_id)
    RETURNING id
), hashed AS (
    INSERT INTO passwords (record_id, phc)
    SELECT a.id, a.phc FROM admitted AS a JOIN stored USING (id) WHERE a.phc IS NOT NULL
), forgotten AS (
    DELETE FROM idempotency_keys WHERE digest IN (
        SELECT digest FROM idempotency_keys WHERE expires_at <= $15 AND digest NOT IN (SELECT key FROM input WHERE key IS NOT NULL)
        ORDER BY expires_at LIMIT $16 FOR UPDATE SKIP LOCKED
    )
)
SELECT i.record, s.id AS stored, k.record_id, k.fingerprint, k.version, k.phc, lost.places AS taken
FROM input AS i
LEFT JOIN stored AS s ON s.id = i.id
LEFT JOIN known AS k ON k.record = i.record
LEFT JOIN (
    SELECT w.record, array_agg(w.place ORDER BY w.place) AS places
    FROM wanted AS w
    LEFT JOIN admitted AS a ON a.record = w.record
    LEFT JOIN claimed AS c ON c.record_id = a.id AND c.digest = w.digest
    WHERE w.taken OR a.id IS NOT NULL AND c.record_id IS NULL
    GROUP BY w.record
) AS lost ON lost.record = i.record
