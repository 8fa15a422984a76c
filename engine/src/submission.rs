//! One request through a form: what was sent → what will be stored, or why not.
//!
//! The steps and their order are the language's: aliases → drop `readonly` → normalize → defaults → drop what is hidden →
//! policies → computed values → validate, all errors collected. Called by the server for a request and by `lint` for an
//! example, which asks no policies.

mod accept;
mod claim;
mod fingerprint;
mod prepare;
mod validate;
mod violation;

use std::time::SystemTime;

use jsonschema::paths::Location;
use serde_json::{Map, Value};

use crate::compile::CompiledForm;
use crate::payload::visible;
use crate::policy::Policies;
use crate::vocabulary;

pub use crate::model::Segment;
pub use crate::payload::{Circumstances, PayloadFault};
pub use crate::policy::{Attempt, Denial};
pub use claim::Claim;
pub(crate) use prepare::normalized;
pub use violation::Violation;

/// The most violations that one request is told of.
pub const MAX_VIOLATIONS: usize = 200;

/// A text that must not be seen: it cannot be printed or serialized, and is wiped when dropped.
pub struct Secret(String);

impl Secret {
    /// Takes a text out of sight.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the one that has to have it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.0);
    }
}

/// The `form` value of a request: it may hold secrets, so it can be neither printed nor serialized.
pub struct Submitted(Map<String, Value>);

impl Submitted {
    /// A `form` value as it was sent.
    #[must_use]
    pub fn new(form: Map<String, Value>) -> Self {
        Self(form)
    }
}

/// A submission that a form accepts, apart from uniqueness.
pub struct Accepted {
    /// What to store, in the form's own shape; without passwords and virtual fields.
    pub attributes: Map<String, Value>,
    /// The password to hash, if the form has one and the request sent it.
    pub password: Option<Secret>,
    /// What no other record of the resource may have.
    pub claims: Vec<Claim>,
}

/// Why a request comes to nothing.
#[derive(Debug)]
pub enum Refusal {
    /// It breaks rules of the form: every violation, in the order in which the form declares them, up to
    /// [`MAX_VIOLATIONS`].
    Violations(Vec<Violation>),
    /// The form cannot compute a value: the form's fault.
    Payload(PayloadFault),
}

/// A submission that every policy of its form allows: prepared, not yet judged. There is no other way to make one.
pub struct Authorized<'f> {
    form: &'f CompiledForm,
    values: Value,
}

/// Asks the policies that a form names, before anything is said of its rules.
///
/// # Errors
/// With the denial of the first policy that does not allow the request.
pub fn authorize<'f>(
    policies: &Policies,
    form: &'f CompiledForm,
    submitted: Submitted,
    attempt: &Attempt<'_>,
) -> Result<Authorized<'f>, Denial> {
    let values = prepare::prepare(form, submitted.0);
    let nothing = Map::new();
    policies.allow(&form.form, values.as_object().unwrap_or(&nothing), attempt)?;
    Ok(Authorized { form, values })
}

impl<'f> Authorized<'f> {
    /// The form that was submitted.
    #[must_use]
    pub fn form(&self) -> &'f CompiledForm {
        self.form
    }

    /// The values that templates may see: prepared, without secrets.
    #[must_use]
    pub fn visible(&self) -> Map<String, Value> {
        self.values.as_object().map(|values| visible(&self.form.form, values)).unwrap_or_default()
    }

    /// Judges the request.
    ///
    /// # Errors
    /// With every violation, or with the value that the form could not compute.
    pub fn submit(self, circumstances: &Circumstances) -> Result<Accepted, Refusal> {
        complete(self.form, self.values, circumstances)
    }
}

/// A `form` value as the form's document spells it: groups under their own names, without `readonly` fields, which are
/// not the client's to say. Nothing is normalized and no default filled in.
#[must_use]
pub fn canonical(form: &CompiledForm, values: Map<String, Value>) -> Map<String, Value> {
    prepare::canonical(form, values)
}

/// Judges a request without asking policies.
///
/// # Errors
/// With every violation, or with the value that the form could not compute.
pub fn submit(
    form: &CompiledForm,
    submitted: Submitted,
    circumstances: &Circumstances,
) -> Result<Accepted, Refusal> {
    complete(form, prepare::prepare(form, submitted.0), circumstances)
}

/// Judges a request as [`submit`] does, for those who want to know no more than what it breaks: violations quote no values.
///
/// # Errors
/// With every violation, or with the value that the form could not compute.
pub fn verdict(
    form: &CompiledForm,
    submitted: Submitted,
    circumstances: &Circumstances,
) -> Result<(), Refusal> {
    judged(form, prepare::prepare(form, submitted.0), circumstances).1
}

fn complete(form: &CompiledForm, values: Value, circumstances: &Circumstances) -> Result<Accepted, Refusal> {
    match judged(form, values, circumstances) {
        (values, Ok(())) => Ok(accept::accept(form, values)),
        (values, Err(Refusal::Violations(violations))) => {
            Err(Refusal::Violations(quoted(form, &values, violations)))
        }
        (_, Err(fault)) => Err(fault),
    }
}

/// The values with what the form computes, and what they break.
fn judged(form: &CompiledForm, values: Value, circumstances: &Circumstances) -> (Value, Result<(), Refusal>) {
    let (values, fault) = prepare::compute(form, values, circumstances);
    let verdict = judge(form, &values, circumstances.now);
    let verdict = match fault {
        None => verdict.map_err(Refusal::Violations),
        Some(fault) => {
            // It may have failed because of what was sent. Then that is what is wrong.
            let mut violations = verdict.err().unwrap_or_default();
            violations.retain(|violation| !violation.is_of_computed(form));
            Err(if violations.is_empty() { Refusal::Payload(fault) } else { Refusal::Violations(violations) })
        }
    };
    (values, verdict)
}

fn quoted(form: &CompiledForm, values: &Value, mut violations: Vec<Violation>) -> Vec<Violation> {
    for violation in &mut violations {
        violation.quote(form, values);
    }
    violations
}

/// Judges values that are as the form's schema wants them: normalized, with defaults, without what is hidden.
///
/// # Errors
/// With every violation.
pub fn judge(form: &CompiledForm, values: &Value, now: SystemTime) -> Result<(), Vec<Violation>> {
    vocabulary::at(now, || validate::validate(form, values, now))
}

/// The violation that a taken claim is.
#[must_use]
pub fn taken(form: &CompiledForm, claim: &Claim) -> Violation {
    let rule = form.rules.about(&claim.declared_path(), "taken");
    let mut violation = Violation::new(form, rule, Location::new()).below(&claim.path);
    violation.value.clone_from(&claim.value);
    violation
}
