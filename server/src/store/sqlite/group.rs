//! One transaction for many creations, each of which succeeds or fails by itself.
//!
//! Called by `writer` with what waited for it. Ids come from the table's sequence: they grow, none is given twice, and
//! none is skipped for a record that was refused.

use rusqlite::{Connection, TransactionBehavior, params};

use super::super::{Creation, NewRecord};
use super::keys;

/// What came of each creation, in their order.
pub(super) type Outcomes = Vec<rusqlite::Result<Creation>>;

/// Stores records and makes them durable in one commit.
///
/// # Errors
/// When nothing at all could be stored, whatever the single outcomes would have been.
pub(super) fn commit(connection: &mut Connection, records: &[&NewRecord]) -> rusqlite::Result<Outcomes> {
    // Dropped before its commit, by an error or a panic, it rolls back.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcomes = records.iter().map(|record| create(&transaction, record)).collect::<Result<_, _>>()?;
    keys::forget(&transaction, records)?;
    transaction.commit()?;
    Ok(outcomes)
}

/// Stores one record within the transaction, or leaves no trace of it.
///
/// # Errors
/// When the transaction cannot go on.
fn create(connection: &Connection, record: &NewRecord) -> rusqlite::Result<rusqlite::Result<Creation>> {
    execute(connection, "SAVEPOINT creation")?;
    let outcome = insert(connection, record);
    if connection.is_autocommit() {
        // A full disk, among others, has ended the transaction with everything that was in it.
        return outcome.map(Ok);
    }
    if !matches!(outcome, Ok(Creation::Created(_))) {
        execute(connection, "ROLLBACK TO creation")?;
    }
    execute(connection, "RELEASE creation")?;
    Ok(outcome)
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute([])
}

fn insert(connection: &Connection, record: &NewRecord) -> rusqlite::Result<Creation> {
    let NewRecord { resource, form, version, attributes, password, claims, created_at, key } = record;
    // Before the claims are: a request that comes again would find its own.
    if let Some(key) = key
        && let Some(kept) = keys::find(connection, key, *created_at)?
    {
        return Ok(Creation::Kept(kept));
    }
    connection
        .prepare_cached(
            "INSERT INTO records (resource, form, version, attributes, created_at) VALUES (?, ?, ?, ?, ?)",
        )?
        .execute(params![resource, form, version, attributes, created_at])?;
    let id = connection.last_insert_rowid();
    if let Some(phc) = password {
        connection
            .prepare_cached("INSERT INTO passwords (record_id, phc) VALUES (?, ?)")?
            .execute(params![id, phc])?;
    }
    let mut claim = connection.prepare_cached(
        "INSERT INTO claims (digest, record_id, field) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    )?;
    let mut taken = Vec::new();
    for (index, new) in claims.iter().enumerate() {
        if claim.execute(params![new.digest, id, new.field])? == 0 {
            taken.push(index);
        }
    }
    if !taken.is_empty() {
        return Ok(Creation::Taken(taken));
    }
    if let Some(key) = key {
        keys::keep(connection, key, id)?;
    }
    Ok(Creation::Created(id))
}
