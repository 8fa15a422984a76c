//! What a form configuration says, independent of how it is written.
//!
//! Made by `lower`; read by `schema`, `compile`, `submission` and `lint`. Everything an author wrote carries the
//! span it was written at; what a resource builds in carries the span of the field (or resource) it came with.

mod condition;
mod example;
mod field;
mod moment;
mod path;
mod payload;
mod policy;
mod resource;
mod validation;

use std::sync::Arc;
use std::time::Duration;

pub use condition::{Condition, Expectation, Whens};
pub use example::{CodesByPath, Example};
pub(crate) use field::label_from;
pub use field::{Field, FieldType, Normalizer, Role, Ui};
pub use moment::{Against, Instant, Moment, Order, Timing, Unit, parse_date, parse_instant};
pub use path::{Segment, Step, Target, dotted};
pub use payload::{PayloadEntry, PayloadSource};
pub use policy::{DeniedAs, Policy};
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

/// What a rendered form does and says after a submission: templates.
#[derive(Clone, Debug, Default)]
pub struct AfterSubmission {
    /// Where a browser goes once something was created.
    pub redirect_to: Option<Spanned<String>>,
    /// What is said then.
    pub flash_notice: Option<Spanned<String>>,
    /// What is said of a refusal.
    pub flash_alert: Option<Spanned<String>>,
}

/// What a rendered form does against programs that fill in every form they find.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spam {
    /// Whether it has a control that people do not see, and programs fill in.
    pub honeypot: bool,
    /// How long people take at least.
    pub minimum_seconds: u32,
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
    /// The names of the policies that all have to allow a request, in the order in which they are asked.
    pub policies: Vec<Spanned<String>>,
    /// What a request may carry, in declared order.
    pub fields: Vec<Field>,
    /// What the form computes, in declared order.
    pub payload: Vec<PayloadEntry>,
    /// What a rendered form does and says after a submission.
    pub after: AfterSubmission,
    /// What a rendered form does against programs.
    pub spam: Spam,
    /// Requests with their expected outcome; `None` where the form has no `examples` at all.
    pub examples: Option<Vec<Example>>,
}

impl Form {
    /// The form's name and every alias.
    pub fn names(&self) -> impl Iterator<Item = &Spanned<String>> {
        std::iter::once(&self.name).chain(&self.aliases)
    }

    /// Visits every field, items included, with the way to it.
    pub fn for_each_field<'f>(&'f self, visit: &mut impl FnMut(&'f Field, &[Step])) {
        visit_fields(&self.fields, &mut Vec::new(), visit);
    }

    /// Visits every field, items included, for those who need not know the way to it.
    pub fn each_field<'f>(&'f self, visit: &mut impl FnMut(&'f Field)) {
        fn within<'f>(field: &'f Field, visit: &mut impl FnMut(&'f Field)) {
            visit(field);
            for inner in field.items().into_iter().chain(field.fields()) {
                within(inner, visit);
            }
        }
        for field in &self.fields {
            within(field, visit);
        }
    }

    /// Whether the form itself surely gives the field at `path`, or anything within it, a value.
    #[must_use]
    pub fn payload_gives(&self, path: &[Step]) -> bool {
        self.payload.iter().any(|entry| {
            entry.path.starts_with(path) && !matches!(entry.source.value, PayloadSource::Expression(_))
        })
    }

    /// Whether the form may compute a value for exactly this field.
    #[must_use]
    pub fn payload_computes(&self, path: &[Step]) -> bool {
        self.payload.iter().any(|entry| entry.path == path)
    }
}

fn visit_fields<'f>(fields: &'f [Field], path: &mut Vec<Step>, visit: &mut impl FnMut(&'f Field, &[Step])) {
    for field in fields {
        path.push(Step::Key(field.name.value.clone()));
        visit(field, path);
        let mut depth = 1;
        let mut inner = field;
        while let Some(items) = inner.items() {
            path.push(Step::Item);
            depth += 1;
            visit(items, path);
            inner = items;
        }
        visit_fields(inner.fields(), path, visit);
        path.truncate(path.len() - depth);
    }
}
