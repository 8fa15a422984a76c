//! One transaction for many creations, each of which succeeds or fails by itself.
//!
//! Called by `writer` with what waited for it. Ids come from the table's sequence: they grow, none is given twice, and
//! none is skipped for a record that was refused.

use std::collections::HashSet;
use std::sync::Arc;

use rusqlite::{CachedStatement, Connection, ErrorCode, TransactionBehavior, params};

use super::super::writer::Outcomes;
use super::super::{Creation, NewClaim, NewRecord, StoreError};
use super::keys;

/// Stores records and makes them durable in one commit.
pub(super) fn commit(connection: &mut Connection, records: &[&NewRecord]) -> Outcomes {
    match transact(connection, records) {
        Ok(outcomes) => {
            outcomes.into_iter().map(|outcome| outcome.map_err(|error| failure(Arc::new(error)))).collect()
        }
        Err(error) => {
            let error = Arc::new(error);
            records.iter().map(|_| Err(failure(Arc::clone(&error)))).collect()
        }
    }
}

/// What `SQLite` said, told apart by whether it may pass.
fn failure(error: Arc<rusqlite::Error>) -> StoreError {
    use ErrorCode::{
        CannotOpen, DatabaseBusy, DatabaseLocked, DiskFull, OutOfMemory, PermissionDenied, ReadOnly,
        SystemIoFailure,
    };
    match error.sqlite_error_code() {
        Some(
            DatabaseBusy | DatabaseLocked | DiskFull | ReadOnly | CannotOpen | PermissionDenied
            | SystemIoFailure | OutOfMemory,
        ) => StoreError::Unavailable(error),
        _ => StoreError::Refused(error),
    }
}

/// Stores records in one transaction, each by itself.
///
/// # Errors
/// When nothing at all could be stored, whatever the single outcomes would have been.
fn transact(
    connection: &mut Connection,
    records: &[&NewRecord],
) -> rusqlite::Result<Vec<rusqlite::Result<Creation>>> {
    // What is refused leaves no trace by itself. If one fails, all begin anew, each with a savepoint to go back to: these
    // copy every page that is changed after them.
    let mut failed = false;
    let together = within(connection, records, |statements, record| {
        let outcome = insert(statements, record);
        failed |= outcome.is_err();
        outcome.map(Ok)
    });
    if failed { within(connection, records, create) } else { together }
}

/// Begins a transaction, does something for each record, and commits.
fn within(
    connection: &mut Connection,
    records: &[&NewRecord],
    mut create: impl FnMut(&mut Statements<'_>, &NewRecord) -> rusqlite::Result<rusqlite::Result<Creation>>,
) -> rusqlite::Result<Vec<rusqlite::Result<Creation>>> {
    // Dropped before its commit, by an error or a panic, it rolls back.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut statements = Statements::of(&transaction)?;
    let each = records.iter().map(|record| create(&mut statements, record));
    let outcomes = each.collect::<Result<_, _>>()?;
    drop(statements);
    keys::forget(&transaction, records)?;
    transaction.commit()?;
    Ok(outcomes)
}

/// Stores one record within the transaction, or leaves no trace of it even when it fails.
///
/// # Errors
/// When the transaction cannot go on.
fn create(
    statements: &mut Statements<'_>,
    record: &NewRecord,
) -> rusqlite::Result<rusqlite::Result<Creation>> {
    let connection = statements.connection;
    execute(connection, "SAVEPOINT creation")?;
    let outcome = insert(statements, record);
    if connection.is_autocommit() {
        // A full disk, among others, has ended the transaction with everything that was in it.
        return outcome.map(Ok);
    }
    if outcome.is_err() {
        execute(connection, "ROLLBACK TO creation")?;
    }
    execute(connection, "RELEASE creation")?;
    Ok(outcome)
}

fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<usize> {
    connection.prepare_cached(statement)?.execute([])
}

/// What is done for most records, made ready once for all of a group.
struct Statements<'c> {
    connection: &'c Connection,
    claimed: CachedStatement<'c>,
    record: CachedStatement<'c>,
    claim: CachedStatement<'c>,
}

impl<'c> Statements<'c> {
    fn of(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(Self {
            connection,
            claimed: connection.prepare_cached("SELECT 1 FROM claims WHERE digest = ?")?,
            record: connection.prepare_cached(
                "INSERT INTO records (resource, form, version, attributes, created_at) VALUES (?, ?, ?, ?, ?)",
            )?,
            claim: connection
                .prepare_cached("INSERT INTO claims (digest, record_id, field) VALUES (?, ?, ?)")?,
        })
    }

    /// Which claims others have, or the record itself before, by index. Nobody else writes during the transaction, and
    /// the index on claims would refuse what were taken nevertheless.
    fn taken(&mut self, claims: &[NewClaim]) -> rusqlite::Result<Vec<usize>> {
        let mut own = HashSet::new();
        let mut taken = Vec::new();
        for (index, claim) in claims.iter().enumerate() {
            let twice = claims.len() > 1 && !own.insert(claim.digest);
            if twice || self.claimed.exists([claim.digest])? {
                taken.push(index);
            }
        }
        Ok(taken)
    }
}

/// Stores one record within the transaction; when it is refused, there is no trace of it.
fn insert(statements: &mut Statements<'_>, record: &NewRecord) -> rusqlite::Result<Creation> {
    let NewRecord { resource, form, version, attributes, password, claims, created_at, key } = record;
    let connection = statements.connection;
    // Before the claims are: a request that comes again would find its own.
    if let Some(key) = key
        && let Some(kept) = keys::find(connection, key, *created_at)?
    {
        return Ok(Creation::Kept(kept));
    }
    let taken = statements.taken(claims)?;
    if !taken.is_empty() {
        return Ok(Creation::Taken(taken));
    }
    statements.record.execute(params![resource, form, version, attributes, created_at])?;
    let id = connection.last_insert_rowid();
    if let Some(phc) = password {
        connection
            .prepare_cached("INSERT INTO passwords (record_id, phc) VALUES (?, ?)")?
            .execute(params![id, phc])?;
    }
    for new in claims {
        statements.claim.execute(params![new.digest, id, new.field])?;
    }
    if let Some(key) = key {
        keys::keep(connection, key, id)?;
    }
    Ok(Creation::Created(id))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::Duration;

    use rusqlite::TransactionBehavior::Immediate;
    use tempfile::TempDir;

    use super::super::super::{NewKey, Store as _};
    use super::super::{Sqlite, writing_connection};
    use super::*;

    fn record(attributes: &str, digest: u8) -> NewRecord {
        NewRecord {
            attributes: attributes.to_owned(),
            claims: vec![NewClaim { field: "email".to_owned(), digest: [digest; 32] }],
            ..NewRecord::bare()
        }
    }

    /// A database with its tables, and the connection that a writer would have.
    async fn database() -> (TempDir, Connection) {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("test.db");
        Sqlite::open(&file).await.unwrap().close().await;
        let connection = writing_connection(&file).unwrap();
        (root, connection)
    }

    #[tokio::test]
    async fn each_of_a_group_fails_by_itself() {
        let (_root, mut connection) = database().await;
        let records =
            [record("{}", 1), record("no JSON", 2), record("{}", 1), record("{}", 2), record("{}", 3)];
        let told = commit(&mut connection, &records.iter().collect::<Vec<_>>());
        assert!(matches!(
            told[..],
            [
                Ok(Creation::Created(1)),
                Err(StoreError::Refused(_)),
                Ok(Creation::Taken(_)),
                Ok(Creation::Created(2)),
                Ok(Creation::Created(3)),
            ]
        ));
        let claims: i64 = connection.query_row("SELECT count(*) FROM claims", [], |row| row.get(0)).unwrap();
        assert_eq!(claims, 3);
    }

    #[tokio::test]
    async fn a_refused_record_leaves_nothing_and_takes_no_id() {
        let (_root, mut connection) = database().await;
        let mut twice = record("{}", 1);
        twice
            .claims
            .extend([1, 2].map(|digest| NewClaim { field: "phone".to_owned(), digest: [digest; 32] }));
        let records = [twice, record("{}", 2), record("{}", 2), record("{}", 1)];
        let told = commit(&mut connection, &records.iter().collect::<Vec<_>>());
        let told: Vec<Creation> = told.into_iter().map(Result::unwrap).collect();
        let taken = |index| Creation::Taken(vec![index]);
        assert_eq!(told, [taken(1), Creation::Created(1), taken(0), Creation::Created(2)]);
        let claims: i64 = connection.query_row("SELECT count(*) FROM claims", [], |row| row.get(0)).unwrap();
        assert_eq!(claims, 2);
    }

    #[tokio::test]
    async fn a_deleted_record_takes_what_is_its_own_with_it_whoever_deletes_it() {
        let (_root, mut connection) = database().await;
        let mut whole = record("{}", 1);
        whole.password = Some("$argon2id$".into());
        whole.key = Some(NewKey { digest: [1; 32], fingerprint: [2; 32], expires_at: i64::MAX });
        let create = |connection: &mut Connection| {
            let told = commit(connection, &[&whole, &record("{}", 2)]);
            assert!(told.iter().all(|told| matches!(told, Ok(Creation::Created(_)))), "{told:?}");
        };
        create(&mut connection);
        // As with most tools that people open a database with.
        connection.pragma_update(None, "foreign_keys", "off").unwrap();
        connection.execute("DELETE FROM records", []).unwrap();
        create(&mut connection);
    }

    #[tokio::test]
    async fn a_full_disk_fails_the_group_and_not_the_next_one() {
        let (_root, mut connection) = database().await;
        let large = format!("\"{}\"", "x".repeat(1 << 20));
        let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        let limit = |connection: &Connection, pages: i64| {
            connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(())).unwrap();
        };
        limit(&connection, pages + 8);
        let told = commit(&mut connection, &[&record("{}", 1), &record(&large, 2)]);
        assert!(told.iter().all(|told| matches!(told, Err(StoreError::Unavailable(_)))), "{told:?}");
        limit(&connection, pages + 1000);
        let told = commit(&mut connection, &[&record("{}", 1), &record(&large, 2)]);
        assert!(told.iter().all(|told| matches!(told, Ok(Creation::Created(_)))), "{told:?}");
    }

    #[tokio::test]
    async fn a_locked_or_read_only_database_fails_the_group_and_not_the_next_one() {
        let (root, mut connection) = database().await;
        connection.busy_timeout(Duration::ZERO).unwrap();
        let mut other = writing_connection(&root.path().join("test.db")).unwrap();
        let lock = other.transaction_with_behavior(Immediate).unwrap();
        let create = |connection: &mut Connection| commit(connection, &[&record("{}", 1)]);
        let told = create(&mut connection);
        assert!(matches!(told[..], [Err(StoreError::Unavailable(_))]), "{told:?}");
        drop(lock);
        connection.pragma_update(None, "query_only", "on").unwrap();
        let told = create(&mut connection);
        assert!(matches!(told[..], [Err(StoreError::Unavailable(_))]), "{told:?}");
        connection.pragma_update(None, "query_only", "off").unwrap();
        let told = create(&mut connection);
        assert!(matches!(told[..], [Ok(Creation::Created(1))]), "{told:?}");
    }
}
