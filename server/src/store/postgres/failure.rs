//! What went wrong with a statement, told apart by what may be done about it.

use std::sync::Arc;

use sqlx::postgres::{PgDatabaseError, PgSeverity};

use super::super::{Cause, Said, StoreError};

/// Why a statement has no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It met another one: nothing was done, and the next time it may succeed.
    Race(Cause),
    /// Nothing was done, and it may pass: no connection, a timeout, no room.
    Unavailable(Cause),
    /// Nothing was done, since this server takes no writes: its address may lead to another one by now.
    ReadOnly(Cause),
    /// The connection is dead; whether the statement was carried out is not known.
    Broken(Cause),
    /// The database does not take it.
    Refused(sqlx::Error),
}

/// The database did not answer in time.
#[derive(Debug, thiserror::Error)]
#[error("there was no answer in time")]
pub(super) struct Silence;

/// The database is a standby, or told not to write.
#[derive(Debug, thiserror::Error)]
#[error("the database takes no writes")]
pub(super) struct ReadOnly;

impl Failure {
    /// Why a statement failed that was sent.
    pub(super) fn of(error: sqlx::Error) -> Self {
        let said = match &error {
            sqlx::Error::Database(said) => said.try_downcast_ref::<PgDatabaseError>(),
            sqlx::Error::Encode(_) | sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return Self::Refused(error);
            }
            _ => None,
        };
        // Appendix A of PostgreSQL's documentation has the codes.
        match said {
            // The session ends, perhaps between a commit and its answer.
            None => Self::Broken(Arc::new(Said(error))),
            Some(said) if matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic) => {
                Self::Broken(Arc::new(Said(error)))
            }
            Some(said) => match said.code() {
                // Serialization and deadlocks; rows that another transaction was faster with.
                code if code.starts_with("40") => Self::Race(Arc::new(Said(error))),
                "23503" | "23505" => Self::Race(Arc::new(Said(error))),
                // Resources, operator intervention, system errors; a lock that was not given.
                code if ["53", "57", "58"].iter().any(|class| code.starts_with(class)) => {
                    Self::Unavailable(Arc::new(Said(error)))
                }
                "55P03" => Self::Unavailable(Arc::new(Said(error))),
                // A read-only transaction.
                "25006" => Self::ReadOnly(Arc::new(Said(error))),
                _ => Self::Refused(error),
            },
        }
    }

    pub(super) fn cause(self) -> Cause {
        match self {
            Self::Race(cause) | Self::Unavailable(cause) | Self::ReadOnly(cause) | Self::Broken(cause) => {
                cause
            }
            Self::Refused(error) => Arc::new(Said(error)),
        }
    }

    /// Why there is no connection.
    pub(super) fn out_of_reach(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::PoolClosed => Self::Refused(error),
            error => Self::Unavailable(Arc::new(Said(error))),
        }
    }
}

/// For statements of which it makes no difference whether they were carried out.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Race(cause)
            | Failure::Unavailable(cause)
            | Failure::ReadOnly(cause)
            | Failure::Broken(cause) => Self::Unavailable(cause),
            Failure::Refused(error) => Self::Database(Said(error)),
        }
    }
}
