//! Connections: what a URL says, how a session is set, one that is given back only when it is idle, and which are too old.

use std::str::FromStr as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgRow};
use sqlx::query::Query;
use sqlx::{Executor as _, Postgres};

use super::super::{Said, StoreError};

/// For how long a connection that answered is taken to be alive.
pub(super) const FRESH: Duration = Duration::from_secs(1);

/// The advisory lock that every session of a server shares, and that a transfer has alone: `formwork` in ASCII.
pub(super) const LOCK: i64 = 0x666f_726d_776f_726b;

/// What a URL may say after its `?`: the driver passes over all else, be it `sslmod=require`, and logs its value.
const PARAMETERS: [&str; 12] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// How to connect to the database of a URL.
pub(super) fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters).split('&');
    let mut names =
        parameters.filter(|text| !text.is_empty()).map(|text| text.split('=').next().unwrap_or(text));
    // It is not named: it may be a piece of a password.
    if !names.all(|name| PARAMETERS.contains(&name)) {
        return Err(StoreError::UnknownParameter);
    }
    let options = PgConnectOptions::from_str(url).map_err(|error| StoreError::MalformedUrl(Said(error)))?;
    // Poolers refuse the driver's own wish for digits, of which nothing here has any.
    let options = options.extra_float_digits(None);
    Ok(match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("formwork"),
    })
}

/// Sets a new session, and joins those that serve the database.
pub(super) async fn settle(connection: &mut PgConnection) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(include_str!("session.sql"))).await?;
    if join(connection).await? {
        return Ok(());
    }
    Err(sqlx::Error::Configuration("a transfer has the database to itself".into()))
}

/// Joins those that serve the database, unless a transfer has it to itself.
pub(super) async fn join(connection: &mut PgConnection) -> sqlx::Result<bool> {
    let join = sqlx::query_scalar("SELECT pg_try_advisory_lock_shared($1)");
    join.bind(LOCK).fetch_one(connection).await
}

/// A connection of the pool during a statement.
///
/// If it is dropped before its end, by a failure or because nobody waits any more, the connection is thrown away: the
/// pool would wait for an answer that may never come.
pub(super) struct Lease(Option<PoolConnection<Postgres>>);

impl Lease {
    pub(super) fn of(connection: PoolConnection<Postgres>) -> Self {
        Self(Some(connection))
    }

    /// Carries out one statement.
    pub(super) async fn fetch_all(
        &mut self,
        query: Query<'_, Postgres, PgArguments>,
    ) -> sqlx::Result<Vec<PgRow>> {
        match self.0.as_deref_mut() {
            Some(connection) => query.fetch_all(connection).await,
            None => Err(sqlx::Error::PoolClosed),
        }
    }

    /// Gives the connection back: its answer is complete.
    pub(super) fn end(mut self) {
        self.0.take();
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        drop(self.0.take().map(PoolConnection::detach));
    }
}

/// When the database last took no writes, as far as those who ask it, and those who write, have seen.
///
/// Connections from before are not used again: the address may lead to another server by now.
#[derive(Clone, Default)]
pub(super) struct LastReadOnly(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    last: Option<Instant>,
    /// Whether it has not been seen to take writes since.
    lasts: bool,
}

impl LastReadOnly {
    /// Somebody has just seen whether it takes any.
    pub(super) fn saw(&self, takes_writes: bool) {
        let mut seen = self.seen();
        // Once it takes them again, what was connected since it was last seen not to may still lead to a former server.
        if seen.lasts || !takes_writes {
            *seen = Seen { last: Some(Instant::now()), lasts: !takes_writes };
        }
    }

    /// Whether a connection of this age is from before.
    pub(super) fn is_within(&self, age: Duration) -> bool {
        self.seen().last.is_some_and(|last| last.elapsed() <= age)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
