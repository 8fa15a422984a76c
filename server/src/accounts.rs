//! The create use case: submission → hash → store.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use formwork_engine::compile::CompiledForm;
use formwork_engine::submission::{
    Accepted, Circumstances, Claim, PayloadFault, Refusal, Submitted, Violation, submit, taken,
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
        form: &CompiledForm,
        submitted: Submitted,
        circumstances: &Circumstances,
    ) -> Result<Outcome, AccountError> {
        let Accepted { attributes, password, claims } = match submit(form, submitted, circumstances) {
            Ok(accepted) => accepted,
            Err(Refusal::Violations(violations)) => return Ok(Outcome::Refused(violations)),
            Err(Refusal::Payload(fault)) => return Err(fault.into()),
        };
        let claimed =
            claims.iter().map(|claim| NewClaim { field: claim.declared_path(), digest: claim.digest });
        let claimed: Vec<NewClaim> = claimed.collect();
        let password = match password {
            Some(password) => {
                // Who would wait too long for the hash is told before anything is done.
                let place = self.hasher.admit()?;
                // The most expensive step comes when nothing else can be wrong with the request.
                let known = self.store.taken(&claimed).await?;
                if !known.is_empty() {
                    return Ok(Outcome::Refused(refusal(form, &claims, &known)));
                }
                Some(place.hash(password).await?)
            }
            None => None,
        };
        let record = NewRecord {
            resource: form.form.resource.name.to_owned(),
            form: form.name().to_owned(),
            version: form.version.clone(),
            attributes: serde_json::Value::Object(attributes).to_string(),
            password,
            claims: claimed,
            created_at: milliseconds(circumstances.now),
        };
        match self.store.create(record).await? {
            Creation::Created(id) => Ok(Outcome::Created(id)),
            Creation::Taken(indices) => Ok(Outcome::Refused(refusal(form, &claims, &indices))),
        }
    }
}

/// What the form has against claims that others have, by index.
fn refusal(form: &CompiledForm, claims: &[Claim], taken_ones: &[usize]) -> Vec<Violation> {
    let found = taken_ones.iter().filter_map(|index| claims.get(*index));
    let mut violations: Vec<Violation> = found.map(|claim| taken(form, claim)).collect();
    violations.dedup_by(|later, earlier| later.is_beside(earlier));
    violations
}

/// Milliseconds since the Unix epoch; 0 for times before it.
#[must_use]
pub fn milliseconds(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
