//! Persistence: one trait, one generic record for every form.
//!
//! Called by `accounts` to create and by `token` to authenticate. A store knows nothing of HTTP and nothing of
//! forms beyond their names: what comes in has been judged.

mod postgres;
mod sqlite;
pub mod transfer;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::measures::{Commits, Connections};

pub use sqlite::backup::BackupError;

/// What a database said of a group, told to everyone in it.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no kind of database that there is. It may hold a password, so it is not shown.
    #[error("the URL names no database that this version can use; write `sqlite:FILE` or `postgres://…`")]
    UnknownUrl,
    /// The URL of a `PostgreSQL` database cannot be read.
    #[error("the URL of the database is malformed")]
    MalformedUrl(#[source] Said),
    /// The URL of a `PostgreSQL` database has a parameter that nothing is known of.
    #[error(
        "the URL of the database has an unknown parameter; it may have application_name, dbname, host, hostaddr, \
         options, password, port, sslcert, sslkey, sslmode, sslrootcert and user"
    )]
    UnknownParameter,
    /// The directory for the database file cannot be made.
    #[error("cannot make the directory of the database")]
    Directory(#[source] std::io::Error),
    /// There is more to do than may wait; nothing was begun.
    #[error("too much is waiting for the database")]
    Overloaded {
        /// After how long there may be room.
        retry_after: Duration,
    },
    /// The database cannot be written for now: out of reach, locked, read-only, its disk full or failing.
    #[error("the database cannot be written")]
    Unavailable(#[source] Cause),
    /// The database was lost before it answered.
    #[error("the database broke off; whether a record was stored is not known")]
    Unknown(#[source] Cause),
    /// The database refused a record.
    #[error("the database refused a record")]
    Refused(#[source] Cause),
    /// The database is being closed, or what was asked of it was given up by a panic.
    #[error("the database was interrupted")]
    Interrupted,
    /// The operating system gives no thread to write on.
    #[error("cannot start a thread for the database")]
    Thread(#[source] std::io::Error),
    /// It cannot be opened, since nothing comes back from where it should be.
    #[error("the database does not answer: there was no connection within {} seconds", within.as_secs())]
    Silent {
        /// For how long it was waited for.
        within: Duration,
    },
    /// Somebody else is at it.
    #[error("the database is in use; a transfer needs it alone: stop the servers first")]
    InUse,
    /// Somebody else has it alone.
    #[error("another program has the database to itself, as a transfer does; try again once it has ended")]
    Held,
    /// The file is not there, but what belongs to it.
    #[error("there is no {}, but there is its log, `-wal`: put the file back, or the log away", .0.display())]
    Orphaned(PathBuf),
    /// It is not whole.
    #[error("a transfer to this database has not ended; run it again")]
    Unfinished,
    /// The database refused, or is out of reach.
    #[error("the database failed")]
    Database(#[source] Said),
    /// The database's tables could not be brought up to date.
    #[error("the database cannot be migrated")]
    Migration(#[source] Said<sqlx::migrate::MigrateError>),
    /// A stored row is not what was once written.
    #[error("the database holds a malformed {0}")]
    Malformed(&'static str),
}

/// What the driver said. Its text ends with those of its causes, so it names none: they would be told twice.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Said<E = sqlx::Error>(E);

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolTimedOut => Self::Overloaded { retry_after: Duration::from_secs(1) },
            error => Self::Database(Said(error)),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        Self::Migration(Said(error))
    }
}

/// A record to be.
pub struct NewRecord {
    /// The resource's name.
    pub resource: String,
    /// The form's name.
    pub form: String,
    /// The form's version.
    pub version: String,
    /// The attributes as a JSON object.
    pub attributes: String,
    /// The password's hash as a PHC string.
    pub password: Option<String>,
    /// What no other record may have.
    pub claims: Vec<NewClaim>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// The key under which a client sent it, if it may send it again.
    pub key: Option<NewKey>,
}

#[cfg(test)]
impl NewRecord {
    /// One without values, that claims nothing.
    fn bare() -> Self {
        Self {
            resource: "User".to_owned(),
            form: "sign_up".to_owned(),
            version: String::new(),
            attributes: "{}".to_owned(),
            password: None,
            claims: Vec::new(),
            created_at: 0,
            key: None,
        }
    }
}

/// An idempotency key to be kept.
#[derive(Clone, Copy)]
pub struct NewKey {
    /// What finds it again.
    pub digest: [u8; 32],
    /// What tells whether the same request comes again.
    pub fingerprint: [u8; 32],
    /// From when on it is as if it had never been, in milliseconds since the Unix epoch.
    pub expires_at: i64,
}

/// What was created under an idempotency key.
#[derive(Debug, PartialEq, Eq)]
pub struct Kept {
    /// The fingerprint of the request that created it.
    pub fingerprint: [u8; 32],
    /// The record's id.
    pub id: i64,
    /// The version of the form that accepted it.
    pub version: String,
    /// The password's hash as a PHC string.
    pub password: Option<String>,
}

/// A value to be claimed.
pub struct NewClaim {
    /// The dotted path of the field.
    pub field: String,
    /// What is claimed.
    pub digest: [u8; 32],
}

/// What came of a record to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Creation {
    /// It is stored, durably, under this id.
    Created(i64),
    /// Others have these claims, by index; nothing is stored.
    Taken(Vec<usize>),
    /// The key is in use, whatever is claimed; nothing is stored.
    Kept(Kept),
}

/// A record as it was stored, without its password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its id.
    pub id: i64,
    /// The resource's name.
    pub resource: String,
    /// The form's name when it was stored.
    pub form: String,
    /// The version of the form that accepted it.
    pub version: String,
    /// The attributes as a JSON object, those included that the form calls secret.
    pub attributes: String,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
}

/// An API token as it is kept: enough to know the token again, not enough to make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredToken {
    /// The part that may be known.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// SHA-256 of the secret part.
    pub secret_digest: Vec<u8>,
    /// Patterns of the names of forms it may use.
    pub forms: Vec<String>,
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
    /// Since when it is worthless.
    pub revoked_at: Option<i64>,
    /// From when on it is worthless by itself.
    pub expires_at: Option<i64>,
    /// When it was last used, to about a minute.
    pub last_used_at: Option<i64>,
}

/// What the server needs of a database.
#[async_trait]
pub trait Store: Send + Sync {
    /// Stores a record with its password, claims and key, all or nothing; when it returns, it is durable.
    ///
    /// A store may commit records of many callers together. Whatever becomes of the others, each is told of its own.
    async fn create(&self, record: NewRecord) -> Result<Creation, StoreError>;

    /// Which of these claims somebody has, by index: politeness, since only [`Store::create`] decides.
    async fn taken(&self, claims: &[NewClaim]) -> Result<Vec<usize>, StoreError>;

    /// What was created under a key that has not expired by `now`, in milliseconds since the Unix epoch.
    async fn kept(&self, key: &NewKey, now: i64) -> Result<Option<Kept>, StoreError>;

    /// At most `limit` records with smaller ids than `before`, the newest first.
    async fn records(&self, before: Option<i64>, limit: u32) -> Result<Vec<StoredRecord>, StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Keeps a new token; `false` if a token of this name is in use.
    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError>;

    /// The token with this id, revoked or not.
    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError>;

    /// Every token, the newest first.
    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError>;

    /// Revokes the token with this id or name; `false` if there is none in use.
    async fn revoke_token(&self, id_or_name: &str, at: i64) -> Result<bool, StoreError>;

    /// Notes when tokens were last used, by id; never an earlier time than is known.
    async fn note_token_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError>;

    /// What is measured of its commits.
    fn commits(&self) -> &Commits;

    /// The connections that it has now, beside those that write records.
    fn connections(&self) -> Connections;

    /// Finishes what is under way and lets go of the database.
    async fn close(&self);
}

/// Opens the database that a URL names and brings its tables up to date.
///
/// # Errors
/// When the URL is not understood, or the database cannot be opened or migrated.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match (sqlite_file(url), is_postgres(url)) {
        (Some(file), _) => Ok(Arc::new(sqlite::Sqlite::open(file).await?)),
        (_, true) => Ok(Arc::new(postgres::Postgres::open(url).await?)),
        _ => Err(StoreError::UnknownUrl),
    }
}

/// How a database is called where people read it: by its file, or without anything that could be a secret.
#[must_use]
pub fn shown(url: &str) -> String {
    sqlite_file(url)
        .map_or_else(|| "the database".to_owned(), |file| format!("the database {}", file.display()))
}

/// The file that a URL names, if it names one that is not there.
#[must_use]
pub fn missing_file(url: &str) -> Option<&Path> {
    sqlite_file(url).filter(|file| !file.exists())
}

/// Copies the database that a URL names to a new file, as it is at one moment and while others write to it.
///
/// # Errors
/// When the URL names no file, the database cannot be read, or the copy cannot be written.
pub fn backup(url: &str, target: &Path) -> Result<(), BackupError> {
    sqlite::backup::backup(sqlite_file(url).ok_or(BackupError::Url)?, target)
}

fn sqlite_file(url: &str) -> Option<&Path> {
    // A database in memory would be another one for every connection.
    let file = url.strip_prefix("sqlite:").filter(|file| !file.is_empty() && !file.starts_with(':'))?;
    Some(Path::new(file))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}
