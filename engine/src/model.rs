//! What a form configuration says, independent of how it is written.
//!
//! Made by `lower`; read by `schema`, `compile`, `submission` and `lint`. Everything an author wrote carries the
//! span it was written at; what a resource builds in carries the span of the field (or resource) it came with.

mod example;
mod field;
mod resource;
mod validation;

use std::sync::Arc;
use std::time::Duration;

pub use example::{CodesByPath, Example};
pub use field::{Field, FieldType, Normalizer, Role};
pub use resource::{BuiltIn, BuiltInType, Resource};
pub use validation::{Check, Comparison, Length, Numericality, Unique, Validation};

use crate::source::{SourceFile, Span};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// The bytes of the source that say it.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// `value`, written at `span`.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

/// Who may submit a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// A request needs a token that covers the form.
    #[default]
    Token,
    /// Anyone.
    Public,
}

impl Access {
    /// The word of the language.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Public => "public",
        }
    }
}

/// What happens to a key that no field names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UnknownFields {
    /// The request is refused.
    #[default]
    Reject,
    /// The key is dropped before anything looks at it.
    Ignore,
}

/// How often one client may submit a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RateLimit {
    /// The author said nothing: a public form gets the server's limit, others none.
    #[default]
    Unstated,
    /// The author said `false`.
    Off,
    /// So many requests per span of time.
    Limit {
        /// At least one.
        requests: u32,
        /// Longer than zero.
        per: Duration,
    },
}

/// One form configuration.
#[derive(Clone, Debug)]
pub struct Form {
    /// The file it is written in.
    pub source: Arc<SourceFile>,
    /// The name that requests say.
    pub name: Spanned<String>,
    /// Prose for people.
    pub description: Option<String>,
    /// What a submission creates.
    pub resource: &'static Resource,
    /// Who may submit it.
    pub access: Access,
    /// What happens to undeclared keys.
    pub unknown_fields: UnknownFields,
    /// Other names it answers to.
    pub aliases: Vec<Spanned<String>>,
    /// How often a client may submit it.
    pub rate_limit: RateLimit,
    /// What a request may carry, in declared order.
    pub fields: Vec<Field>,
    /// Requests with their expected outcome; `None` where the form has no `examples` at all.
    pub examples: Option<Vec<Example>>,
}

impl Form {
    /// The form's name and every alias.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        std::iter::once(&self.name).chain(&self.aliases)
    }
}
