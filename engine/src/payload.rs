//! `[default_payload]`: templates and expressions, compiled with the form, that give fields their values.
//!
//! In scope are `form` (what was sent, as far as it is prepared, without secrets), `token.name`, `now`, `request`
//! (`language`, `address`) and `form_configuration` (`name`, `version`). Called by `compile`, and by `submission` for
//! each request.

use std::net::IpAddr;
use std::time::SystemTime;

use jiff::Timestamp;
use minijinja::Environment;
use minijinja::value::Serde;
use serde_json::{Map, Value};

use crate::diagnostic::{Diagnostic, Rule, alternatives, nearest};
use crate::model::{Field, Form, PayloadEntry, PayloadSource, Spanned, Step};
use crate::reference::{near_built_in, unlisted};
use crate::source::Span;
use crate::template::{self, Kind, Unknown, not_among};

/// The most bytes of one computed value: more than any text may have.
const VALUE_BYTES: usize = 512 * 1024;

/// Who submits, when and from where.
#[derive(Clone, Debug)]
pub struct Circumstances {
    /// The time of the request.
    pub now: SystemTime,
    /// The name of its token, if it has one.
    pub token: Option<String>,
    /// The language that its sender likes best, a BCP 47 tag.
    pub language: Option<String>,
    /// Where it comes from.
    pub address: Option<IpAddr>,
}

impl Circumstances {
    /// A request of which nothing is known but its time.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self { now, token: None, language: None, address: None }
    }
}

/// A form's compiled payload, in declared order.
#[derive(Debug)]
pub(crate) struct Payload {
    environment: Environment<'static>,
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    path: Vec<Step>,
    span: Span,
    /// The same for the log: file, line and column.
    place: String,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Template(String),
    Expression(String),
    Constant(Value),
}

/// A value that could not be computed: the form's fault, not the request's.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the value computed at {place} failed: {reason}")]
pub struct PayloadFault {
    /// Where the template or expression is written.
    pub span: Span,
    /// File, line and column of the template or expression.
    pub place: String,
    /// What went wrong, without values.
    pub reason: String,
}

impl Payload {
    /// Compiles what a form computes.
    pub(crate) fn compile(form: &Form, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut environment = template::environment_if(!form.payload.is_empty(), template::VALUE_FUEL);
        let mut entries = Vec::new();
        for (index, entry) in form.payload.iter().enumerate() {
            let name = index.to_string();
            let mut add = |kind, text: &str| {
                let text = Spanned::new(text.to_owned(), entry.source.span.clone());
                let known = |chain: &[String]| unknown(form, chain);
                diagnostics.extend(template::check(
                    &mut environment,
                    &form.source,
                    &name,
                    kind,
                    &text,
                    &known,
                ));
            };
            let source = match &entry.source.value {
                PayloadSource::Template(text) if template::is_template(text) => {
                    add(Kind::Template, text);
                    Source::Template(name)
                }
                PayloadSource::Template(text) => Source::Constant(text.clone().into()),
                PayloadSource::Expression(text) => {
                    add(Kind::Expression, text);
                    Source::Expression(name)
                }
                PayloadSource::Constant(value) => Source::Constant(value.clone()),
            };
            entries.push(Entry {
                path: entry.path.clone(),
                span: entry.source.span.clone(),
                place: place(form, entry),
                source,
            });
        }
        Self { environment, entries }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The values that a request gets, with the way to each.
    pub(crate) fn compute<'p>(
        &'p self,
        form: &Form,
        version: &str,
        values: &Map<String, Value>,
        circumstances: &Circumstances,
    ) -> Result<Vec<(&'p [Step], Value)>, PayloadFault> {
        let mut context = None;
        let mut computed = Vec::new();
        for entry in &self.entries {
            let fault = |reason: String| PayloadFault {
                span: entry.span.clone(),
                place: entry.place.clone(),
                reason,
            };
            let mut context = || {
                let context = context.get_or_insert_with(|| {
                    minijinja::Value::from(Serde(&scope(form, version, values, circumstances)))
                });
                context.clone()
            };
            let value = match &entry.source {
                Source::Constant(value) => value.clone(),
                Source::Template(name) => template::render(&self.environment, name, context())
                    .map(Value::from)
                    .map_err(|error| fault(error.kind().to_string()))?,
                Source::Expression(name) => {
                    let value = template::evaluate(&self.environment, name, context())
                        .map_err(|error| fault(error.kind().to_string()))?;
                    if value.is_undefined() {
                        continue;
                    }
                    serde_json::to_value(&value)
                        .map_err(|_| fault("the result is no JSON value".to_owned()))?
                }
            };
            if is_larger_than(&value, VALUE_BYTES) {
                return Err(fault(format!("the result is larger than {} KiB", VALUE_BYTES / 1024)));
            }
            computed.push((entry.path.as_slice(), value));
        }
        Ok(computed)
    }
}

fn is_larger_than(value: &Value, bytes: usize) -> bool {
    match value {
        Value::String(text) => text.len() > bytes,
        Value::Array(_) | Value::Object(_) => value.to_string().len() > bytes,
        _ => false,
    }
}

fn place(form: &Form, entry: &PayloadEntry) -> String {
    let position = form.source.position(entry.source.span.start);
    format!("{}:{}:{}", form.source.path.display(), position.line, position.column)
}

/// What templates and expressions can see.
fn scope(form: &Form, version: &str, values: &Map<String, Value>, circumstances: &Circumstances) -> Value {
    let mut scope = Map::new();
    scope.insert("form".into(), Value::Object(visible(form, values)));
    scope.insert("now".into(), written(circumstances.now).into());
    let mut put = |name: &str, members: &[(&str, Option<String>)]| {
        let members = members
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), Value::from(value.clone()?))));
        scope.insert(name.to_owned(), Value::Object(members.collect()));
    };
    put("token", &[("name", circumstances.token.clone())]);
    let address = circumstances.address.map(|address| address.to_string());
    put("request", &[("language", circumstances.language.clone()), ("address", address)]);
    put(
        "form_configuration",
        &[("name", Some(form.name.value.clone())), ("version", Some(version.to_owned()))],
    );
    Value::Object(scope)
}

/// A time as templates and expressions see it.
pub(crate) fn written(time: SystemTime) -> String {
    format!("{:.0}", Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// The values that templates and expressions see.
pub(crate) fn visible(form: &Form, values: &Map<String, Value>) -> Map<String, Value> {
    let mut visible = values.clone();
    hide(&form.fields, &mut visible);
    visible
}

/// Takes out of what templates see what is secret, null, or of another type than its field: to them it is absent. What
/// is mistyped is refused in the end, and must not make a template fail before.
fn hide(fields: &[Field], values: &mut Map<String, Value>) {
    values.retain(|name, value| {
        let field = fields.iter().find(|field| field.name.value == *name);
        field.is_some_and(|field| !field.secret && is_visible(field, value))
    });
    for field in fields.iter().filter(|field| field.ty.is_compound()) {
        if let Some(value) = values.get_mut(&field.name.value) {
            hide_within(field, value);
        }
    }
}

fn hide_within(field: &Field, value: &mut Value) {
    match (field.items(), value) {
        (Some(items), Value::Array(values)) => {
            values.retain(|value| !items.secret && is_visible(items, value));
            for value in values {
                hide_within(items, value);
            }
        }
        (None, Value::Object(values)) => hide(field.fields(), values),
        _ => {}
    }
}

fn is_visible(field: &Field, value: &Value) -> bool {
    match field.ty.json_type() {
        "string" => value.is_string(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        _ => value.is_object(),
    }
}

const REQUEST: [&str; 2] = ["language", "address"];
const CONFIGURATION: [&str; 2] = ["name", "version"];

/// What is wrong with a variable of a payload, if anything is.
fn unknown(form: &Form, chain: &[String]) -> Option<Unknown> {
    unknown_among(form, chain, &["form", "token", "now", "request", "form_configuration"])
}

pub(crate) fn unknown_among(form: &Form, chain: &[String], roots: &[&str]) -> Option<Unknown> {
    let (root, rest) = chain.split_first()?;
    if !roots.contains(&root.as_str()) {
        let mut unknown = not_among(Rule::InvalidTemplate, root, roots);
        if form.fields.iter().any(|field| field.name.value == *root) {
            unknown.help = format!("did you mean `form.{}`?", chain.join("."));
        }
        return Some(unknown);
    }
    let members: &[&str] = match root.as_str() {
        "form" => return unknown_field(form, rest),
        "token" => &["name"],
        "request" => &REQUEST,
        "form_configuration" => &CONFIGURATION,
        "model" => &["id"],
        "now" => &[],
        _ => return None,
    };
    unknown_member(root, rest, members)
}

/// What is wrong with what is looked up in a variable that has these members, if anything is.
pub(crate) fn unknown_member(root: &str, rest: &[String], members: &[&str]) -> Option<Unknown> {
    let name = rest.first()?;
    if root == "now" {
        let mut unknown = not_among(Rule::InvalidTemplate, name, &[]);
        unknown.message = format!("`now` is a text (RFC 3339) and has no `{name}`");
        "write a part of it: `now[:4]` is the year, `now[:10]` the day".clone_into(&mut unknown.help);
        return Some(unknown);
    }
    (!members.contains(&name.as_str())).then(|| {
        let mut unknown = not_among(Rule::InvalidTemplate, name, members);
        unknown.message = format!("`{root}` has no `{name}`");
        if let [only] = members {
            unknown.help = format!("write `{root}.{only}`");
        } else if nearest(name, members.iter().copied()).is_none() {
            let members = alternatives(members.iter().copied()).replace(" or ", " and ");
            unknown.help = format!("`{root}` has {members}");
        }
        unknown
    })
}

fn unknown_field(form: &Form, names: &[String]) -> Option<Unknown> {
    let mut fields = form.fields.as_slice();
    for (at, name) in names.iter().enumerate() {
        let Some(field) = fields.iter().find(|field| field.name.value == *name) else {
            let written = names[..=at].join(".");
            let names: Vec<&str> =
                fields.iter().filter(|field| !field.secret).map(|field| field.name.value.as_str()).collect();
            let mut unknown = not_among(Rule::UnknownFieldReference, name, &names);
            unknown.message = format!("`{written}` is not a field of this form");
            let near =
                || nearest(name, names.iter().copied()).is_none().then(|| near_built_in(form, &written));
            if let Some(help) = unlisted(form, &written).or_else(|| near().flatten()) {
                unknown.help = help;
            }
            return Some(unknown);
        };
        if field.secret {
            return Some(Unknown {
                rule: Rule::SecretInTemplate,
                message: format!("`{}` is secret, and templates cannot see it", names[..=at].join(".")),
                help: "take it out: a secret is stored as it was sent, or hashed, and goes nowhere else"
                    .to_owned(),
            });
        }
        fields = field.fields();
        if fields.is_empty() {
            let inner = names.get(at + 1)?;
            let path = names[..=at].join(".");
            let (what, help) = if field.items().is_some() {
                ("an array", format!("ask its items: `{{% for item in form.{path} %}}`"))
            } else {
                ("a single value", format!("write `form.{path}`"))
            };
            let message = format!("`{path}` is {what} and has no `{inner}`");
            return Some(Unknown { rule: Rule::UnknownFieldReference, message, help });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sizes() {
        assert!(!is_larger_than(&json!("abc"), 3));
        assert!(is_larger_than(&json!("abcd"), 3));
        assert!(is_larger_than(&json!([1, 2, 3]), 3));
    }
}
