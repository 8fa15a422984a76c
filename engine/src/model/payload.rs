//! What a form computes: `[default_payload]`.

use serde_json::Value;

use crate::model::{Spanned, Step};

/// One value that the form gives itself, over whatever was sent.
#[derive(Clone, Debug)]
pub struct PayloadEntry {
    /// The field that gets it.
    pub path: Vec<Step>,
    /// Where its key is written.
    pub key: crate::source::Span,
    /// Where it comes from.
    pub source: Spanned<PayloadSource>,
}

/// Where a computed value comes from.
#[derive(Clone, Debug)]
pub enum PayloadSource {
    /// A minijinja template: the value is the text that it gives.
    Template(String),
    /// A minijinja expression: the value has the type of its result, and undefined leaves it out.
    Expression(String),
    /// The value itself.
    Constant(Value),
}
