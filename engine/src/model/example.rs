//! A request that the author wrote down with its expected outcome.

use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::model::Spanned;
use crate::source::Span;

/// Error codes by dotted path, in the order in which they are written.
pub type CodesByPath = Vec<(String, Vec<String>)>;

/// One `[[examples]]` table.
#[derive(Clone, Debug)]
pub struct Example {
    /// What it shows.
    pub description: Option<String>,
    /// The `form` value of the request.
    pub form: Map<String, Value>,
    /// Whether the form accepts it.
    pub valid: Spanned<bool>,
    /// The codes that it gives, by dotted path; `None` leaves them open.
    pub errors: Option<Spanned<CodesByPath>>,
    /// The time at which it is judged; the present where none is said.
    pub now: Option<SystemTime>,
    /// The name of the token that it is sent with.
    pub token: Option<String>,
    /// The language that its sender prefers, a BCP 47 tag.
    pub language: Option<String>,
    /// The whole table.
    pub span: Span,
}
