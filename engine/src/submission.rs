//! One request through a form: what was sent → what will be stored, or why not.
//!
//! The steps and their order are the language's: aliases → drop `readonly` → normalize → defaults → drop what is hidden →
//! computed values → validate, all errors collected. Called by the server for a request and by `lint` for an example.

mod accept;
mod claim;
mod prepare;
mod validate;

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::compile::CompiledForm;
use crate::vocabulary;

pub use crate::model::Segment;
pub use crate::payload::{Circumstances, PayloadFault};
pub use claim::Claim;

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

/// What a submission does wrong.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Where in the `form` value; empty for the value itself.
    pub path: Vec<Segment>,
    /// What programs go by.
    pub code: &'static str,
    /// What the message is made of.
    pub params: Map<String, Value>,
    /// The rule that is violated, for its message.
    pub(crate) rule: Option<usize>,
    /// The value at `path`, for the message; absent for secrets.
    pub(crate) value: Option<Value>,
}

impl Violation {
    /// The dotted path that `errors` has as a key: `base` for the form itself.
    #[must_use]
    pub fn dotted_path(&self) -> String {
        if self.path.is_empty() {
            return "base".to_owned();
        }
        claim::dotted(&self.path)
    }

    /// The JSON Pointer (RFC 6901) into the request's body.
    #[must_use]
    pub fn pointer(&self) -> String {
        self.path.iter().fold("/form".to_owned(), |pointer, segment| match segment {
            Segment::Key(key) => crate::schema::child(&pointer, key),
            Segment::Index(index) => format!("{pointer}/{index}"),
        })
    }
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

/// Judges a request.
///
/// # Errors
/// With every violation, or with the value that the form could not compute.
pub fn submit(
    form: &CompiledForm,
    submitted: Submitted,
    circumstances: &Circumstances,
) -> Result<Accepted, Refusal> {
    let values = prepare::prepare(form, submitted.0, circumstances).map_err(Refusal::Payload)?;
    judge(form, &values, circumstances.now).map_err(Refusal::Violations)?;
    Ok(accept::accept(form, values))
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
    Violation {
        path: claim.path.clone(),
        code: "taken",
        params: Map::new(),
        rule: form.rules.about(&claim.declared_path(), "taken"),
        value: claim.value.clone(),
    }
}
