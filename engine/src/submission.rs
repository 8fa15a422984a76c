//! One request through a form: what was sent → what will be stored, or why not.
//!
//! The steps and their order are the language's: aliases → drop `readonly` → normalize → defaults → validate, all
//! errors collected. Called by the server for a request and by `lint` for an example.

mod accept;
mod claim;
mod prepare;
mod validate;

use serde_json::{Map, Value};

use crate::compile::CompiledForm;

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

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// Into an object, by key.
    Key(String),
    /// Into an array, by index from 0.
    Index(usize),
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
        let segments: Vec<String> = self
            .path
            .iter()
            .map(|segment| match segment {
                Segment::Key(key) => key.clone(),
                Segment::Index(index) => index.to_string(),
            })
            .collect();
        segments.join(".")
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

/// Judges a request.
///
/// # Errors
/// With every violation, in the order in which the form declares its rules, up to [`MAX_VIOLATIONS`].
pub fn submit(form: &CompiledForm, submitted: Submitted) -> Result<Accepted, Vec<Violation>> {
    let Submitted(mut values) = submitted;
    prepare::prepare(&form.form, &mut values);
    let values = Value::Object(values);
    validate::validate(form, &values)?;
    Ok(accept::accept(form, values))
}

/// The violation that a taken claim is.
#[must_use]
pub fn taken(form: &CompiledForm, claim: &Claim) -> Violation {
    Violation {
        path: claim.path.iter().cloned().map(Segment::Key).collect(),
        code: "taken",
        params: Map::new(),
        rule: form.rules.about(&claim.path.join("."), "taken"),
        value: claim.value.clone(),
    }
}
