//! The create use case: submission → hash → store.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use formwork_engine::submission::{
    Accepted, Authorized, Circumstances, PayloadFault, Refusal, Violation, taken,
};

use crate::password::{Hasher, PasswordError};
use crate::store::{Creation, NewClaim, NewRecord, Store, StoreError};

/// What came of a submission.
pub enum Outcome {
    /// A record was stored under this id.
    Created(i64),
    /// The form refuses it, or others have what it claims.
    Refused(Vec<Violation>),
}

/// Why a submission came to nothing through no fault of its own.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The form could not compute a value.
    #[error(transparent)]
    Payload(#[from] PayloadFault),
    /// The password could not be hashed.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The record could not be stored.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores what a form accepts.
pub struct Accounts {
    store: Arc<dyn Store>,
    hasher: Hasher,
}

impl Accounts {
    /// The use case over a store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, hasher: Hasher) -> Self {
        Self { store, hasher }
    }

    /// Judges a submission and stores it; when it returns `Created`, the record is durable.
    ///
    /// # Errors
    /// When the password cannot be hashed or the database fails; nothing is stored then.
    pub async fn create(
        &self,
        authorized: Authorized<'_>,
        circumstances: &Circumstances,
    ) -> Result<Outcome, AccountError> {
        let form = authorized.form();
        let Accepted { attributes, password, claims } = match authorized.submit(circumstances) {
            Ok(accepted) => accepted,
            Err(Refusal::Violations(violations)) => return Ok(Outcome::Refused(violations)),
            Err(Refusal::Payload(fault)) => return Err(fault.into()),
        };
        let refusal = |indices: Vec<usize>| {
            let mut violations: Vec<Violation> = indices
                .iter()
                .filter_map(|index| claims.get(*index))
                .map(|claim| taken(form, claim))
                .collect();
            violations.dedup_by(|later, earlier| later.is_beside(earlier));
            Ok(Outcome::Refused(violations))
        };
        let new_claims: Vec<NewClaim> = claims
            .iter()
            .map(|claim| NewClaim { field: claim.declared_path(), digest: claim.digest })
            .collect();
        let known = self.store.taken(&new_claims).await?;
        if !known.is_empty() {
            return refusal(known);
        }
        // The most expensive step comes when nothing else can be wrong with the request.
        let password = match password {
            Some(password) => Some(self.hasher.hash(password).await?),
            None => None,
        };
        let record = NewRecord {
            resource: form.form.resource.name,
            form: form.name(),
            version: form.version(),
            attributes: &serde_json::Value::Object(attributes).to_string(),
            password: password.as_deref(),
            claims: &new_claims,
            created_at: milliseconds(circumstances.now),
        };
        match self.store.create(&record).await? {
            Creation::Created(id) => Ok(Outcome::Created(id)),
            Creation::Taken(indices) => refusal(indices),
        }
    }
}

/// Milliseconds since the Unix epoch; 0 for times before it.
#[must_use]
pub fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
