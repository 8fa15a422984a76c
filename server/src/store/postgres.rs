//! `PostgreSQL`: threads that write records, each on a connection of its own, and a pool for all else.
//!
//! Several servers may share a database. Nothing is kept in memory: each asks it anew.

pub(super) mod archive;
mod committer;
mod failure;
mod group;
mod session;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{ConnectOptions as _, Connection as _, Postgres as Engine, Row};
use tokio::time::timeout;

use super::writer::Writer;
use super::{Creation, Kept, NewClaim, NewKey, NewRecord, Store, StoreError, StoredRecord, StoredToken};
use crate::measures::{Commits, Connections};
use committer::committer;
use failure::{Failure, Silence};
use session::{LastReadOnly, Lease};

/// Connections for everything else.
const READERS: u32 = 8;
/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(3);
/// How long to wait for an answer: longer than the server lets a statement run, so that it is asked for its reason.
const ANSWER: Duration = Duration::from_secs(15);
/// How long to wait for an answer to what only reads, by an index: whoever waits for it has a request to be answered.
const LOOK: Duration = Duration::from_secs(5);

pub(super) struct Postgres {
    writer: Writer,
    pool: PgPool,
    last_read_only: LastReadOnly,
}

impl Postgres {
    /// Opens the database of a URL, as `libpq` writes them, and brings its tables up to date.
    pub(super) async fn open(url: &str) -> Result<Self, StoreError> {
        let options = session::options(url)?;
        let mut connection = migrate(&options).await?;
        if !session::join(&mut connection).await? {
            return Err(StoreError::Held);
        }
        if is_unfinished(&mut connection).await? {
            return Err(StoreError::Unfinished);
        }
        let last_read_only = LastReadOnly::default();
        let writer = Writer::start("postgres-writer", committer(options.clone(), last_read_only.clone()))?;
        let last = last_read_only.clone();
        let pool = PgPoolOptions::new()
            .max_connections(READERS)
            // From now on somebody serves the database.
            .min_connections(1)
            .acquire_timeout(CONNECT)
            .test_before_acquire(false)
            .before_acquire(move |connection, state| {
                let is_too_old = last.is_within(state.age);
                Box::pin(async move {
                    if is_too_old {
                        return Ok(false);
                    }
                    if state.idle_for > session::FRESH {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|connection, _| Box::pin(session::settle(connection)))
            .connect_with(options)
            .await?;
        connection.close().await?;
        Ok(Self { writer, pool, last_read_only })
    }

    /// Asks what may be asked again, should the connection turn out to be dead.
    async fn read<'q>(
        &self,
        query: impl Fn() -> Query<'q, Engine, PgArguments>,
    ) -> Result<Vec<PgRow>, StoreError> {
        match self.ask(query()).await {
            Err(Failure::Broken(_)) => Ok(self.ask(query()).await?),
            answer => Ok(answer?),
        }
    }

    async fn ask(&self, query: Query<'_, Engine, PgArguments>) -> Result<Vec<PgRow>, Failure> {
        let mut lease = Lease::of(self.pool.acquire().await.map_err(Failure::out_of_reach)?);
        let answer = timeout(LOOK, lease.fetch_all(query)).await;
        let rows = answer.map_err(|_| Failure::Broken(Arc::new(Silence)))?.map_err(Failure::of)?;
        lease.end();
        Ok(rows)
    }
}

/// Brings the tables up to date; of several servers that start at once, one does it while the others wait.
async fn migrate(options: &PgConnectOptions) -> Result<PgConnection, StoreError> {
    // An address that swallows what is sent to it would be waited for until the operating system gives up, or forever.
    let connected = timeout(CONNECT, options.connect()).await;
    let mut connection = connected.map_err(|_| StoreError::Silent { within: CONNECT })??;
    // Waits for the lock as long as it takes: what is done under it may take long on large tables.
    sqlx::migrate!("migrations/postgres").run(&mut connection).await?;
    Ok(connection)
}

/// Whether a transfer to this database was begun and has not ended.
async fn is_unfinished(connection: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM transfers)").fetch_one(connection).await?)
}

#[async_trait]
impl Store for Postgres {
    async fn create(&self, record: NewRecord) -> Result<Creation, StoreError> {
        self.writer.create(record).await
    }

    async fn taken(&self, claims: &[NewClaim]) -> Result<Vec<usize>, StoreError> {
        let digests: Vec<[u8; 32]> = claims.iter().map(|claim| claim.digest).collect();
        let found = self
            .read(|| sqlx::query("SELECT digest FROM claims WHERE digest = ANY ($1)").bind(digests.clone()))
            .await?;
        let found: Vec<Vec<u8>> = found.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let is_taken = |digest: &[u8; 32]| found.iter().any(|taken| taken == digest);
        Ok(digests
            .iter()
            .enumerate()
            .filter(|(_, digest)| is_taken(digest))
            .map(|(index, _)| index)
            .collect())
    }

    async fn kept(&self, key: &NewKey, now: i64) -> Result<Option<Kept>, StoreError> {
        let statement = "SELECT k.record_id, k.fingerprint, r.version, p.phc FROM idempotency_keys AS k \
            JOIN records AS r ON r.id = k.record_id LEFT JOIN passwords AS p ON p.record_id = k.record_id \
            WHERE k.digest = $1 AND k.expires_at > $2";
        let rows = self.read(|| sqlx::query(statement).bind(key.digest).bind(now)).await?;
        rows.first().map(group::kept_from).transpose()
    }

    async fn records(&self, before: Option<i64>, limit: u32) -> Result<Vec<StoredRecord>, StoreError> {
        let statement = "SELECT id, resource, form, version, attributes::text, created_at FROM records \
            WHERE id < $1 ORDER BY id DESC LIMIT $2";
        let before = before.unwrap_or(i64::MAX);
        let rows = self.read(|| sqlx::query(statement).bind(before).bind(i64::from(limit))).await?;
        rows.iter().map(record_from).collect()
    }

    async fn ping(&self) -> Result<(), StoreError> {
        let rows =
            self.read(|| sqlx::query("SELECT current_setting('transaction_read_only') = 'on'")).await?;
        let read_only = rows.first().map_or(Ok(false), |row| row.try_get(0))?;
        self.last_read_only.saw(!read_only);
        if read_only { Err(StoreError::Unavailable(Arc::new(failure::ReadOnly))) } else { Ok(()) }
    }

    async fn add_token(&self, token: &StoredToken) -> Result<bool, StoreError> {
        let forms = serde_json::Value::from(token.forms.clone()).to_string();
        let insert = sqlx::query(
            "INSERT INTO tokens (id, name, secret_digest, forms, created_at, expires_at) \
             VALUES ($1, $2, $3, $4::text::json, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(&token.id)
        .bind(&token.name)
        .bind(&token.secret_digest)
        .bind(forms)
        .bind(token.created_at)
        .bind(token.expires_at);
        Ok(!self.ask(insert).await?.is_empty())
    }

    async fn token(&self, id: &str) -> Result<Option<StoredToken>, StoreError> {
        let statement = "SELECT id, name, secret_digest, forms::text, created_at, revoked_at, expires_at, \
            last_used_at FROM tokens WHERE id = $1";
        let rows = self.read(|| sqlx::query(statement).bind(id)).await?;
        rows.first().map(token_from).transpose()
    }

    async fn tokens(&self) -> Result<Vec<StoredToken>, StoreError> {
        let statement = "SELECT id, name, secret_digest, forms::text, created_at, revoked_at, expires_at, \
            last_used_at FROM tokens ORDER BY created_at DESC, id";
        self.read(|| sqlx::query(statement)).await?.iter().map(token_from).collect()
    }

    async fn revoke_token(&self, id_or_name: &str, at: i64) -> Result<bool, StoreError> {
        let statement = "UPDATE tokens SET revoked_at = $1 \
            WHERE revoked_at IS NULL AND (id = $2 OR name = $2) RETURNING id";
        Ok(!self.ask(sqlx::query(statement).bind(at).bind(id_or_name)).await?.is_empty())
    }

    async fn note_token_uses(&self, uses: &[(String, i64)]) -> Result<(), StoreError> {
        let (ids, times): (Vec<&str>, Vec<i64>) = uses.iter().map(|(id, at)| (id.as_str(), *at)).unzip();
        // Locked in one order, so that two servers that note the same tokens do not wait for each other.
        let statement = "WITH used AS (
                SELECT t.id, u.at FROM tokens AS t JOIN unnest($1::text[], $2::bigint[]) AS u (id, at) USING (id)
                ORDER BY t.id FOR UPDATE OF t
            )
            UPDATE tokens AS t SET last_used_at = greatest(t.last_used_at, used.at) FROM used WHERE t.id = used.id";
        self.ask(sqlx::query(statement).bind(ids).bind(times)).await?;
        Ok(())
    }

    fn commits(&self) -> &Commits {
        self.writer.commits()
    }

    fn connections(&self) -> Connections {
        (&self.pool).into()
    }

    async fn close(&self) {
        self.writer.finish().await;
        self.pool.close().await;
    }
}

fn record_from(row: &PgRow) -> Result<StoredRecord, StoreError> {
    Ok(StoredRecord {
        id: row.try_get("id")?,
        resource: row.try_get("resource")?,
        form: row.try_get("form")?,
        version: row.try_get("version")?,
        attributes: row.try_get("attributes")?,
        created_at: row.try_get("created_at")?,
    })
}

fn token_from(row: &PgRow) -> Result<StoredToken, StoreError> {
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
