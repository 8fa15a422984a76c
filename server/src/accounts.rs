//! The create use case: submission → hash → store.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use formwork_engine::compile::CompiledForm;
use formwork_engine::submission::{
    Accepted, Authorized, Circumstances, Claim, PayloadFault, Refusal, Violation, taken,
};

use crate::idempotency::Attempt;
use crate::password::{Hasher, PasswordError};
use crate::store::{Creation, Kept, NewClaim, NewRecord, Store, StoreError};

/// What came of a submission.
pub enum Outcome {
    /// A record was stored, now or when the same request came before.
    Created {
        /// Its id.
        id: i64,
        /// The version of the form that accepted it.
        version: String,
    },
    /// The form refuses it, or others have what it claims.
    Refused(Vec<Violation>),
    /// Another request was sent under its idempotency key.
    Reused,
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
    /// Under an idempotency key, a submission that was stored before is answered as it was then, and nothing else is done.
    ///
    /// # Errors
    /// When the password cannot be hashed or the database fails; nothing is stored then.
    pub async fn create(
        &self,
        authorized: Authorized<'_>,
        circumstances: &Circumstances,
        attempt: Option<Attempt>,
    ) -> Result<Outcome, AccountError> {
        let form = authorized.form();
        let now = milliseconds(circumstances.now);
        // Before the form judges: it may have changed since, and the answer may not.
        if let Some(kept) = self.kept(attempt.as_ref(), now).await? {
            return self.again(attempt, kept).await;
        }
        let Accepted { attributes, password, claims } = match authorized.submit(circumstances) {
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
                if known.is_empty() {
                    Some(place.hash(password).await?)
                } else if let Some(kept) = self.kept(attempt.as_ref(), now).await? {
                    // It was taken by the same request, which came twice at once.
                    drop(place);
                    return self.again(attempt, kept).await;
                } else {
                    return Ok(Outcome::Refused(refusal(form, &claims, &known)));
                }
            }
            None => None,
        };
        let record = NewRecord {
            resource: form.form.resource.name.to_owned(),
            form: form.name().to_owned(),
            version: form.version().to_owned(),
            // Values are written without fail.
            attributes: serde_json::to_string(&attributes).unwrap_or_default(),
            password,
            claims: claimed,
            created_at: now,
            key: attempt.as_ref().map(|attempt| attempt.key),
        };
        match self.store.create(record).await? {
            Creation::Created(id) => Ok(Outcome::Created { id, version: form.version().to_owned() }),
            Creation::Taken(indices) => Ok(Outcome::Refused(refusal(form, &claims, &indices))),
            Creation::Kept(kept) => self.again(attempt, kept).await,
        }
    }

    /// What was created under the key of an attempt, if it has one.
    async fn kept(&self, attempt: Option<&Attempt>, now: i64) -> Result<Option<Kept>, StoreError> {
        match attempt {
            Some(attempt) => self.store.kept(&attempt.key, now).await,
            None => Ok(None),
        }
    }

    /// The first answer, if it is the same request that comes again.
    async fn again(&self, attempt: Option<Attempt>, kept: Kept) -> Result<Outcome, AccountError> {
        let Some(Attempt { key, password }) = attempt else { return Ok(Outcome::Reused) };
        if key.fingerprint != kept.fingerprint {
            return Ok(Outcome::Reused);
        }
        // Where one of the two is missing, the form had no use for the password then.
        if let (Some(password), Some(phc)) = (password, &kept.password)
            && !self.hasher.admit()?.verify(password, phc).await?
        {
            return Ok(Outcome::Reused);
        }
        Ok(Outcome::Created { id: kept.id, version: kept.version })
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
