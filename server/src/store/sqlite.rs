//! `SQLite`: one file, one writer, readers beside it.
//!
//! WAL mode with full synchronization: a commit is on the disk before it returns.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Row, SqliteConnection};

use super::{Creation, NewClaim, NewRecord, Store, StoreError, StoredToken};

/// Reads at the same time.
const READERS: u32 = 4;
/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);
/// Enough for every statement in this file.
const STATEMENTS: usize = 32;

pub(super) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Sqlite {
    pub(super) async fn open(file: &str) -> Result<Self, StoreError> {
        if let Some(directory) =
            Path::new(file).parent().filter(|directory| !directory.as_os_str().is_empty())
        {
            std::fs::create_dir_all(directory).map_err(StoreError::Directory)?;
        }
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .statement_cache_capacity(STATEMENTS);
        let writer = SqlitePoolOptions::new().max_connections(1).connect_with(options.clone()).await?;
        sqlx::migrate!("migrations/sqlite").run(&writer).await.map_err(StoreError::Migration)?;
        let options = options.create_if_missing(false).pragma("query_only", "on");
        let readers = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
        Ok(Self { writer, readers })
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn create(&self, record: &NewRecord<'_>) -> Result<Creation, StoreError> {
        // Dropped before its commit, by an error or because the client went away, a transaction rolls back.
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let id = insert(&mut transaction, record).await?;
        let mut taken = Vec::new();
        for (index, claim) in record.claims.iter().enumerate() {
            if !claim_value(&mut transaction, id, claim).await? {
                taken.push(index);
            }
        }
        if !taken.is_empty() {
            transaction.rollback().await?;
            return Ok(Creation::Taken(taken));
        }
        transaction.commit().await?;
        Ok(Creation::Created(id))
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

    async fn ping(&self) -> Result<(), StoreError> {
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
        .execute(&self.writer)
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
                .execute(&self.writer)
                .await?;
        Ok(revoked.rows_affected() > 0)
    }

    async fn note_token_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
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

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn insert(connection: &mut SqliteConnection, record: &NewRecord<'_>) -> Result<i64, StoreError> {
    let id = sqlx::query(
        "INSERT INTO records (resource, form, version, attributes, created_at) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(record.resource)
    .bind(record.form)
    .bind(record.version)
    .bind(record.attributes)
    .bind(record.created_at)
    .execute(&mut *connection)
    .await?
    .last_insert_rowid();
    if let Some(phc) = record.password {
        sqlx::query("INSERT INTO passwords (record_id, phc) VALUES (?, ?)")
            .bind(id)
            .bind(phc)
            .execute(&mut *connection)
            .await?;
    }
    Ok(id)
}

/// Claims a value for a record; `false` if another record has it.
async fn claim_value(
    connection: &mut SqliteConnection,
    record: i64,
    claim: &NewClaim,
) -> Result<bool, StoreError> {
    let claimed =
        sqlx::query("INSERT INTO claims (digest, record_id, field) VALUES (?, ?, ?) ON CONFLICT DO NOTHING")
            .bind(claim.digest.as_slice())
            .bind(record)
            .bind(&claim.field)
            .execute(connection)
            .await?;
    Ok(claimed.rows_affected() == 1)
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
