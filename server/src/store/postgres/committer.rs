//! What a writing thread does with a group: one statement on a connection of its own, which is made anew when it is lost.
//!
//! Called by `writer`. A group that fails as a whole is stored in halves, down to the record that it failed for; each is
//! told what came of it alone.

use std::sync::Arc;
use std::time::Instant;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::super::writer::{Outcomes, unavailable};
use super::super::{Cause, Creation, NewRecord, StoreError};
use super::failure::{Failure, Silence};
use super::session::LastReadOnly;
use super::{ANSWER, CONNECT, group, session};

/// How often parts of a group may lose against others before they are given up.
const RACES: usize = 20;

/// Others were faster, over and over.
#[derive(Debug, thiserror::Error)]
#[error("other transactions were always faster")]
struct Outrun;

/// Stores groups and makes them durable; connects when there is something to store.
pub(super) fn committer(
    options: PgConnectOptions,
    last_read_only: LastReadOnly,
) -> impl FnMut(&[&NewRecord]) -> Outcomes + Send + 'static {
    let mut link = Link { options, last_read_only, live: None };
    // Its own, so that it waits for nothing but the database; made here, because it may end only on this thread.
    let mut runtime: Option<Runtime> = None;
    move |records| {
        let ready = runtime.take().map_or_else(|| Builder::new_current_thread().enable_all().build(), Ok);
        match ready {
            Ok(ready) => {
                let outcomes = ready.block_on(link.store(records));
                runtime = Some(ready);
                outcomes
            }
            Err(error) => unavailable(records, error),
        }
    }
}

/// The way to the database.
struct Link {
    options: PgConnectOptions,
    last_read_only: LastReadOnly,
    live: Option<Live>,
}

/// A connection that is idle.
struct Live {
    connection: PgConnection,
    /// When it last answered.
    answered: Instant,
}

impl Link {
    async fn store(&mut self, records: &[&NewRecord]) -> Outcomes {
        let mut outcomes: Vec<Option<Result<Creation, StoreError>>> = records.iter().map(|_| None).collect();
        let mut parts: Vec<Vec<usize>> = vec![(0..records.len()).collect()];
        let mut races = 0;
        while let Some(mut part) = parts.pop() {
            let chosen: Vec<&NewRecord> = part.iter().map(|index| records[*index]).collect();
            let failure = match self.attempt(&chosen).await {
                Ok(decided) => {
                    for (index, creation) in part.iter().zip(decided) {
                        outcomes[*index] = creation.map(Ok);
                    }
                    part.retain(|index| outcomes[*index].is_none());
                    if part.is_empty() {
                        continue;
                    }
                    Failure::Race(Arc::new(Outrun))
                }
                Err(Failure::Race(_) | Failure::Refused(_)) if part.len() > 1 => {
                    let half = part.split_off(part.len() / 2);
                    parts.extend([half, part]);
                    continue;
                }
                Err(failure) => failure,
            };
            if matches!(failure, Failure::Race(_)) && races < RACES {
                races += 1;
                parts.push(part);
                continue;
            }
            let (told, goes_on): (fn(Cause) -> StoreError, bool) = match &failure {
                Failure::Refused(_) => (StoreError::Refused, true),
                Failure::Race(_) => (StoreError::Unavailable, true),
                Failure::Unavailable(_) | Failure::ReadOnly(_) => (StoreError::Unavailable, false),
                Failure::Broken(_) => (StoreError::Unknown, false),
            };
            let cause = failure.cause();
            for index in part {
                outcomes[index] = Some(Err(told(Arc::clone(&cause))));
            }
            if !goes_on {
                // It would be no better for the others, and nothing of them was begun.
                for index in parts.drain(..).flatten() {
                    outcomes[index] = Some(Err(StoreError::Unavailable(Arc::clone(&cause))));
                }
            }
        }
        outcomes.into_iter().map(|outcome| outcome.unwrap_or(Err(StoreError::Interrupted))).collect()
    }

    /// What came of each of these records; `None` for one that has to be tried again.
    async fn attempt(&mut self, records: &[&NewRecord]) -> Result<Vec<Option<Creation>>, Failure> {
        let mut connection = self.connection().await?;
        let answer = timeout(ANSWER, group::store(&mut connection, records)).await;
        let answer = answer.unwrap_or_else(|_| Err(Failure::Broken(Arc::new(Silence))));
        match &answer {
            Err(Failure::ReadOnly(_)) => self.last_read_only.saw(false),
            Ok(_) => self.last_read_only.saw(true),
            Err(_) => {}
        }
        // One that cannot write may be led to another server the next time.
        if !matches!(answer, Err(Failure::Broken(_) | Failure::Unavailable(_) | Failure::ReadOnly(_))) {
            self.live = Some(Live { connection, answered: Instant::now() });
        }
        answer
    }

    /// The connection, which is idle and was there a moment ago.
    async fn connection(&mut self) -> Result<PgConnection, Failure> {
        if let Some(Live { mut connection, answered }) = self.live.take() {
            if answered.elapsed() < session::FRESH {
                return Ok(connection);
            }
            if timeout(CONNECT, connection.ping()).await.is_ok_and(|answer| answer.is_ok()) {
                return Ok(connection);
            }
        }
        let connect = async {
            let mut connection = self.options.connect().await?;
            session::settle(&mut connection).await?;
            Ok(connection)
        };
        let connected = timeout(CONNECT, connect).await;
        connected.map_err(|_| Failure::Unavailable(Arc::new(Silence)))?.map_err(Failure::out_of_reach)
    }
}
