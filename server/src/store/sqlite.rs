//! `SQLite`: one file, one thread that writes records, readers beside it.
//!
//! WAL mode with full synchronization: a commit is on the disk before it returns. Records are written through
//! rusqlite, all else goes through sqlx; both are the same library underneath.

pub(super) mod archive;
pub(super) mod backup;
mod group;
mod keys;
mod log;
mod place;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sqlx::Row;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};

use self::log::Log;
use self::place::Place;
use super::writer::{self, Writer};
use super::{Creation, Kept, NewClaim, NewKey, NewRecord, Store, StoreError, StoredRecord, StoredToken};
use crate::measures::{Commits, Connections};

/// Reads at the same time: each takes tens of microseconds, and the thread and cache of each half a megabyte.
const READERS: u32 = 2;
/// How long to wait for another process that writes, or for a free connection.
const BUSY: Duration = Duration::from_secs(5);
/// How long what is seldom written waits for a gap between the commits of a server under load.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long to wait for a process that lets nobody read: whoever closes a database last has it alone for a moment.
const HELD: Duration = Duration::from_secs(2);
/// Enough for every statement of a connection.
const STATEMENTS: usize = 32;
/// What the log is cut back to, in bytes, once it begins anew after a reader made it grow: to write over what is there
/// already is half the work of making a file longer.
const LOG_BYTES: u32 = 128 << 20;
/// What the writer keeps of the database in memory, in KiB: a larger cache is no faster.
const CACHE_KIB: i32 = 8 << 10;

pub(super) struct Sqlite {
    writer: Writer,
    /// For what is seldom written: tables and tokens.
    settings: SqlitePool,
    readers: SqlitePool,
    place: Arc<Place>,
}

impl Sqlite {
    pub(super) async fn open(file: &Path) -> Result<Self, StoreError> {
        let settings = Self::migrate(file).await?;
        let unfinished = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM transfers)");
        if unfinished.fetch_one(&settings).await? {
            return Err(StoreError::Unfinished);
        }
        let options = options(file).pragma("query_only", "on");
        let readers = SqlitePoolOptions::new().acquire_timeout(BUSY).max_connections(READERS);
        let readers = readers.connect_with(options).await?;
        let connection =
            || writing_connection(file).map_err(|error| StoreError::Unavailable(Arc::new(error)));
        let (mut log, mut connection) = (Log::start(connection()?)?, connection()?);
        let place = Arc::new(Place::of(file).map_err(|error| StoreError::Unavailable(Arc::new(error)))?);
        let of_writer = Arc::clone(&place);
        let commit = move |records: &[&NewRecord]| match of_writer.check() {
            Ok(()) => {
                log.look(&connection);
                group::commit(&mut connection, records)
            }
            Err(replaced) => writer::unavailable(records, replaced),
        };
        Ok(Self { writer: Writer::start("sqlite-writer", commit)?, settings, readers, place })
    }

    /// Makes the file if need be, and brings its tables up to date.
    async fn migrate(file: &Path) -> Result<SqlitePool, StoreError> {
        if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            std::fs::create_dir_all(directory).map_err(StoreError::Directory)?;
        }
        let has_log = || Path::new(&format!("{}-wal", file.display())).exists();
        if !file.exists() && has_log() {
            return Err(StoreError::Orphaned(file.to_owned()));
        }
        // SQLite would let everybody read the file; what it makes beside it is readable to the same.
        let mut made = std::fs::OpenOptions::new();
        made.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut made, 0o600);
        // Where it is there already, or cannot be made, opening it says so.
        drop(made.open(file));
        if is_held(file) {
            return Err(StoreError::Held);
        }
        let options = options(file).busy_timeout(PATIENCE);
        let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        Ok(pool)
    }
}

/// Whether another process lets nobody so much as read the file; one that only writes does not keep from that.
fn is_held(file: &Path) -> bool {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let read = || {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(HELD)?;
        // A log that a killed server left is for those who stay.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
    };
    // Whatever else is wrong with it shows where it is opened to be used.
    read().is_err_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY)
        .statement_cache_capacity(STATEMENTS)
}

/// Opens a database whose tables are there.
fn writing_connection(file: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // `log` does that. These two answer with the value that they set.
    connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |_| Ok(()))?;
    connection.pragma_update_and_check(None, "journal_size_limit", LOG_BYTES, |_| Ok(()))?;
    Ok(connection)
}

#[async_trait]
impl Store for Sqlite {
    async fn create(&self, record: NewRecord) -> Result<Creation, StoreError> {
        self.writer.create(record).await
    }

    async fn taken(&self, claims: &[NewClaim]) -> Result<Vec<usize>, StoreError> {
        let mut taken = Vec::new();
        for (index, claim) in claims.iter().enumerate() {
            let found = sqlx::query("SELECT 1 FROM claims WHERE digest = ?")
                .bind(claim.digest.as_slice())
                .fetch_optional(&self.readers)
                .await?;
            if found.is_some() {
                taken.push(index);
            }
        }
        Ok(taken)
    }

    async fn kept(&self, key: &NewKey, now: i64) -> Result<Option<Kept>, StoreError> {
        let row = sqlx::query(keys::FIND).bind(key.digest.as_slice()).bind(now);
        row.fetch_optional(&self.readers).await?.as_ref().map(kept_from).transpose()
    }

    async fn records(&self, before: Option<i64>, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = sqlx::query("SELECT * FROM records WHERE id < ? ORDER BY id DESC LIMIT ?")
            .bind(before.unwrap_or(i64::MAX))
            .bind(limit)
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(record_from).collect()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.place.check().map_err(|replaced| StoreError::Unavailable(Arc::new(replaced)))?;
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError> {
        let forms = serde_json::Value::from(token.forms.clone()).to_string();
        let added = sqlx::query(
            "INSERT INTO tokens (id, name, secret_digest, forms, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?) \
             ON CONFLICT DO NOTHING",
        )
        .bind(&token.id)
        .bind(&token.name)
        .bind(&token.secret_digest)
        .bind(forms)
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(&self.settings)
        .await?;
        Ok(added.rows_affected() == 1)
    }

    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let row =
            sqlx::query("SELECT * FROM tokens WHERE id = ?").bind(id).fetch_optional(&self.readers).await?;
        row.as_ref().map(token_from).transpose()
    }

    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let rows =
            sqlx::query("SELECT * FROM tokens ORDER BY created_at DESC, id").fetch_all(&self.readers).await?;
        rows.iter().map(token_from).collect()
    }

    async fn revoke_token(&self, id_or_name: &str, at: i64) -> Result<bool, StoreError> {
        let revoked =
            sqlx::query("UPDATE tokens SET revoked_at = ? WHERE revoked_at IS NULL AND (id = ? OR name = ?)")
                .bind(at)
                .bind(id_or_name)
                .bind(id_or_name)
                .execute(&self.settings)
                .await?;
        Ok(revoked.rows_affected() > 0)
    }

    async fn note_token_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        let mut transaction = self.settings.begin_with("BEGIN IMMEDIATE").await?;
        for (id, at) in uses {
            sqlx::query("UPDATE tokens SET last_used_at = max(coalesce(last_used_at, 0), ?) WHERE id = ?")
                .bind(at)
                .bind(id)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    fn commits(&self) -> &Commits {
        self.writer.commits()
    }

    fn connections(&self) -> Connections {
        (&self.readers).into()
    }

    async fn close(&self) {
        self.writer.finish().await;
        self.readers.close().await;
        self.settings.close().await;
    }
}

fn kept_from(row: &SqliteRow) -> Result<Kept, StoreError> {
    let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
    Ok(Kept {
        fingerprint: fingerprint.try_into().map_err(|_| StoreError::Malformed("idempotency key"))?,
        id: row.try_get("record_id")?,
        version: row.try_get("version")?,
        password: row.try_get("phc")?,
    })
}

fn record_from(row: &SqliteRow) -> Result<StoredRecord, StoreError> {
    Ok(StoredRecord {
        id: row.try_get("id")?,
        resource: row.try_get("resource")?,
        form: row.try_get("form")?,
        version: row.try_get("version")?,
        attributes: row.try_get("attributes")?,
        created_at: row.try_get("created_at")?,
    })
}

fn token_from(row: &SqliteRow) -> Result<StoredToken, StoreError> {
    let forms: String = row.try_get("forms")?;
    Ok(StoredToken {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        secret_digest: row.try_get("secret_digest")?,
        forms: serde_json::from_str(&forms).map_err(|_| StoreError::Malformed("token"))?,
        created_at: row.try_get("created_at")?,
        revoked_at: row.try_get("revoked_at")?,
        expires_at: row.try_get("expires_at")?,
        last_used_at: row.try_get("last_used_at")?,
    })
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_made_is_for_its_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let database = Sqlite::open(&root.path().join("test.db")).await.unwrap();
        let mut seen = 0;
        for entry in std::fs::read_dir(root.path()).unwrap() {
            let entry = entry.unwrap();
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
            seen += 1;
        }
        assert_eq!(seen, 3, "the database, its log and the index of that");
        database.close().await;
    }

    #[tokio::test]
    async fn a_file_that_went_away_is_written_and_ready_no_more_until_it_is_back() {
        let root = tempfile::tempdir().unwrap();
        let (file, elsewhere) = (root.path().join("test.db"), root.path().join("moved.db"));
        let database = Sqlite::open(&file).await.unwrap();
        std::fs::rename(&file, &elsewhere).unwrap();
        assert!(matches!(database.create(NewRecord::bare()).await, Err(StoreError::Unavailable(_))));
        assert!(database.ping().await.is_err());
        let orphan = Sqlite::open(&file).await.err();
        assert!(matches!(orphan, Some(StoreError::Orphaned(_))), "{orphan:?}");
        assert!(!file.exists(), "nothing is made in its place");
        std::fs::copy(&elsewhere, &file).unwrap();
        assert!(database.ping().await.is_err(), "another file");
        std::fs::rename(&elsewhere, &file).unwrap();
        assert_eq!(database.create(NewRecord::bare()).await.unwrap(), Creation::Created(1));
        database.ping().await.unwrap();
        database.close().await;
    }

    #[tokio::test]
    async fn a_file_that_somebody_has_alone_is_not_opened() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("test.db");
        Sqlite::open(&file).await.unwrap().close().await;
        let alone = archive::File::open(&file).await.unwrap();
        let held = Sqlite::open(&file).await.err();
        assert!(matches!(held, Some(StoreError::Held)), "{held:?}");
        drop(alone);
        Sqlite::open(&file).await.unwrap().close().await;
    }
}
