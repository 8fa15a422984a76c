//! Idempotency keys: found, kept and forgotten within the transaction of the records that they brought about.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Kept, NewKey, NewRecord};

/// What is known under a digest at a time.
pub(super) const FIND: &str = "SELECT fingerprint, record_id, version, phc \
    FROM idempotency_keys JOIN records ON id = record_id LEFT JOIN passwords USING (record_id) \
    WHERE digest = ? AND expires_at > ?";

/// How many keys that have expired are deleted for each new one: more than come in, and no more than a commit can bear.
const FORGOTTEN_FOR_EACH: usize = 2;

pub(super) fn find(connection: &Connection, key: &NewKey, now: i64) -> rusqlite::Result<Option<Kept>> {
    let kept = |row: &Row<'_>| {
        Ok(Kept { fingerprint: row.get(0)?, id: row.get(1)?, version: row.get(2)?, password: row.get(3)? })
    };
    connection.prepare_cached(FIND)?.query_row(params![key.digest, now], kept).optional()
}

/// Keeps a key for a record; one that has expired makes way.
pub(super) fn keep(connection: &Connection, key: &NewKey, record: i64) -> rusqlite::Result<()> {
    let statement = "INSERT OR REPLACE INTO idempotency_keys (digest, fingerprint, record_id, expires_at) \
        VALUES (?, ?, ?, ?)";
    let values = params![key.digest, key.fingerprint, record, key.expires_at];
    connection.prepare_cached(statement)?.execute(values).map(drop)
}

/// Deletes some of the keys that had expired when the youngest of these records came.
pub(super) fn forget(connection: &Connection, records: &[&NewRecord]) -> rusqlite::Result<()> {
    let keyed = || records.iter().filter(|record| record.key.is_some());
    let Some(now) = keyed().map(|record| record.created_at).max() else { return Ok(()) };
    let statement = "DELETE FROM idempotency_keys WHERE digest IN \
        (SELECT digest FROM idempotency_keys WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)";
    let limit = i64::try_from(keyed().count() * FORGOTTEN_FOR_EACH).unwrap_or(i64::MAX);
    connection.prepare_cached(statement)?.execute(params![now, limit]).map(drop)
}
