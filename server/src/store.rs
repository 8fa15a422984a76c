//! Persistence: one trait, one generic record for every form.
//!
//! Called by `accounts` to create and by `token` to authenticate. A store knows nothing of HTTP and nothing of
//! forms beyond their names: what comes in has been judged.

mod sqlite;

use std::sync::Arc;

use async_trait::async_trait;

/// Why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The URL names no kind of database that there is. It may hold a password, so it is not shown.
    #[error("the URL names no database that this version can use; write `sqlite:FILE`")]
    UnknownUrl,
    /// The directory for the database file cannot be made.
    #[error("cannot make the directory of the database")]
    Directory(#[source] std::io::Error),
    /// The database refused, or is out of reach.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// The database's tables could not be brought up to date.
    #[error("the database cannot be migrated")]
    Migration(#[source] sqlx::migrate::MigrateError),
    /// A stored row is not what was once written.
    #[error("the database holds a malformed {0}")]
    Malformed(&'static str),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// A record to be.
pub struct NewRecord<'a> {
    /// The resource's name.
    pub resource: &'a str,
    /// The form's name.
    pub form: &'a str,
    /// The form's version.
    pub version: &'a str,
    /// The attributes as a JSON object.
    pub attributes: &'a str,
    /// The password's hash as a PHC string.
    pub password: Option<&'a str>,
    /// What no other record may have.
    pub claims: &'a [NewClaim],
    /// Milliseconds since the Unix epoch.
    pub created_at: i64,
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
    /// Stores a record with its password and claims, all or nothing; when it returns, it is durable.
    async fn create(&self, record: &NewRecord<'_>) -> Result<Creation, StoreError>;

    /// Which of these claims somebody has, by index: politeness, since only [`Store::create`] decides.
    async fn taken(&self, claims: &[NewClaim]) -> Result<Vec<usize>, StoreError>;

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

    /// Finishes what is under way and lets go of the database.
    async fn close(&self);
}

/// Opens the database that a URL names and brings its tables up to date.
///
/// # Errors
/// When the URL is not understood, or the database cannot be opened or migrated.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, StoreError> {
    match url.strip_prefix("sqlite:") {
        // A database in memory would be another one for every connection.
        Some(file) if !file.is_empty() && !file.starts_with(':') => {
            Ok(Arc::new(sqlite::Sqlite::open(file).await?))
        }
        _ => Err(StoreError::UnknownUrl),
    }
}
