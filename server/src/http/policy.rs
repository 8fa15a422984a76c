//! The policies of a form, asked for one request.
//!
//! In: what a client submits to a form. Out: the same with leave to be judged, or the answer. Called by every route that
//! judges a submission.

use formwork_engine::compile::CompiledForm;
use formwork_engine::model::DeniedAs;
use formwork_engine::registry::Snapshot;
use formwork_engine::submission::{Attempt, Authorized, Submitted, authorize};
use serde_json::Map;

use super::error::ApiError;

/// What the policies of a form say of a request.
pub(super) enum Verdict<'f> {
    /// It may be judged.
    Allowed(Authorized<'f>),
    /// It is to be answered as if there were no such form.
    Hidden,
}

/// Asks the policies of a form. Without values, since the body has none that can be read, they are asked all the same:
/// what is wrong with the body of a request is told to those alone who may make it.
pub(super) fn ask<'f>(
    snapshot: &Snapshot,
    form: &'f CompiledForm,
    submitted: Option<Submitted>,
    attempt: &Attempt<'_>,
) -> Result<Verdict<'f>, ApiError> {
    let submitted = submitted.unwrap_or_else(|| Submitted::new(Map::new()));
    let denial = match authorize(&snapshot.policies, form, submitted, attempt) {
        Ok(authorized) => return Ok(Verdict::Allowed(authorized)),
        Err(denial) => denial,
    };
    if let Some(fault) = &denial.fault {
        let (place, reason) = (fault.place.as_str(), fault.reason.as_str());
        tracing::error!(policy = denial.policy, place, reason, "a policy could not decide, and denies");
    }
    match denial.denied_as {
        DeniedAs::Forbidden => Err(ApiError::NotAllowed { message: denial.message }),
        DeniedAs::NotFound => Ok(Verdict::Hidden),
    }
}
