//! The policies of a form, asked for one request.
//!
//! In: what a client submits to a form, and whether its rate has room for it. Out: the same with leave to be judged, or the answer. Called by every route that
//! judges a submission.

use std::time::Duration;

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
///
/// A request for which `rate` has no room is not worth the work, unless a policy may hide the form: such a form must not
/// be told from one that there is not by its rate either.
pub(super) fn ask<'f>(
    snapshot: &Snapshot,
    form: &'f CompiledForm,
    submitted: Option<Submitted>,
    attempt: &Attempt<'_>,
    rate: Result<(), Duration>,
) -> Result<Verdict<'f>, ApiError> {
    let overrun = |wait| Err(ApiError::TooManyRequests { wait });
    if !may_be_hidden(snapshot, form) {
        rate.or_else(overrun)?;
    }
    let submitted = submitted.unwrap_or_else(|| Submitted::new(Map::new()));
    let denial = match authorize(&snapshot.policies, form, submitted, attempt) {
        Ok(authorized) => return rate.or_else(overrun).map(|()| Verdict::Allowed(authorized)),
        Err(denial) => denial,
    };
    if let Some(fault) = &denial.fault {
        let (place, reason) = (fault.place.as_str(), fault.reason.as_str());
        tracing::error!(policy = denial.policy, place, reason, "a policy could not decide, and denies");
    }
    match denial.denied_as {
        DeniedAs::Forbidden => {
            rate.or_else(overrun)?;
            Err(ApiError::NotAllowed { message: denial.message })
        }
        DeniedAs::NotFound => Ok(Verdict::Hidden),
    }
}

fn may_be_hidden(snapshot: &Snapshot, form: &CompiledForm) -> bool {
    let policies = form.form.policies.iter().filter_map(|name| snapshot.policies.get(&name.value));
    policies.into_iter().any(|policy| policy.says().denied_as == DeniedAs::NotFound)
}
