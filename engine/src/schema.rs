//! Model → one JSON Schema 2020-12 document per form, with the rule behind every place in it.
//!
//! A violation is found by the validator at a *schema location*; [`Rules`] says which rule of which field put a
//! keyword there. So codes and params come from the form, and no text of a library is ever read. Called by
//! `compile`.

mod acceptance;
mod builder;
mod condition;
mod document;
mod email;
mod format;
mod inclusion;
mod length;
mod numericality;
mod phone_number;
mod presence;
mod relation;
mod timing;
mod unique;
mod unique_items;
mod url;
mod uuid;

use std::borrow::Cow;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use crate::model::{Form, Moment, Spanned, Step};
use crate::vocabulary::Relation;

pub(crate) use builder::of_rule;
pub(crate) use condition::{alternatives, clauses, is_mixed};
pub use email::is_email;
pub(crate) use length::unstated_maximum;
pub(crate) use presence::is_blank;

/// The dialect of every document.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What a field is called, for messages and for paths.
#[derive(Clone, Debug)]
pub struct FieldInfo {
    /// The dotted path without the indexes of items, as locales say it.
    pub path: String,
    /// What people call it.
    pub label: String,
    /// The JSON Schema type of its values.
    pub json_type: &'static str,
    /// Whether its value may appear nowhere.
    pub secret: bool,
}

/// Why a keyword stands in the document.
#[derive(Clone, Debug)]
pub struct SchemaRule {
    /// Which field it is about, as an index into [`Rules::fields`]; `None` for keys that no field names.
    pub field: Option<usize>,
    /// The error code of a violation.
    pub code: &'static str,
    /// What the code's message is made of, where it is made of anything.
    pub param: Option<(&'static str, Value)>,
    /// The author's own message: a template.
    pub message: Option<Spanned<String>>,
    /// What a value is held against that only a request shows.
    pub(crate) operand: Option<Operand>,
    /// For each array around the field, the first rule of its items and how deep they are: errors go item by item.
    pub(crate) arrays: Vec<(usize, usize)>,
}

impl SchemaRule {
    /// What the code's message is made of, by name.
    #[must_use]
    pub fn params(&self) -> Map<String, Value> {
        self.param.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

/// What a value is held against, where the document alone does not say.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    /// A point in time.
    Moment { moment: Moment, with_time: bool },
    /// Other values of the same object.
    Relation(Relation),
}

/// The rules behind the keywords of one schema.
type Filed = Vec<(&'static str, usize)>;

/// Every rule of a form in declared order, found by the schema location that it put a keyword at.
#[derive(Debug, Default)]
pub struct Rules {
    /// In declared order; the order of a form's errors.
    pub rules: Vec<SchemaRule>,
    /// Every declared field, groups included, in declared order.
    pub fields: Vec<FieldInfo>,
    /// Where the schema of each field's value stands.
    pub(crate) locations: FxHashMap<Vec<Step>, String>,
    /// By the location of a schema.
    by_location: FxHashMap<String, Filed>,
    /// By the location of a `required`: which rule requires which property.
    required: FxHashMap<String, Vec<(String, usize)>>,
    /// Where an author's own keywords stand, whatever is in them.
    further: Vec<(String, usize)>,
}

impl Rules {
    /// The rule behind the keyword at `location`, a JSON Pointer into the document.
    #[must_use]
    pub fn at(&self, location: &str) -> Option<usize> {
        self.filed(location, "").or_else(|| self.of_further(location))
    }

    /// The rule that is filed under the keyword at `location`, with what is put behind the keyword's name.
    fn filed(&self, location: &str, behind: &str) -> Option<usize> {
        let (schema, keyword) = location.rsplit_once('/')?;
        let is_it = |name: &str| name.strip_prefix(keyword).is_some_and(|rest| rest == behind);
        self.by_location.get(schema)?.iter().find(|(name, _)| is_it(name)).map(|(_, rule)| *rule)
    }

    /// The rule behind an author's own keywords, if the keyword at `location` is one of them.
    fn of_further(&self, location: &str) -> Option<usize> {
        let within = |place: &str| location.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'));
        self.further.iter().find(|(place, _)| within(place)).map(|(_, rule)| *rule)
    }

    /// The rule that requires `property` of the object whose `required` stands at `location`.
    #[must_use]
    pub fn requiring(&self, location: &str, property: &str) -> Option<usize> {
        let required = self.required.get(location).into_iter().flatten();
        let found = required.into_iter().find(|(name, _)| name == property).map(|(_, rule)| *rule);
        found.or_else(|| self.of_further(location))
    }

    /// The rule that refuses null where the `type` at `location` does.
    #[must_use]
    pub fn refusing_null(&self, location: &str) -> Option<usize> {
        self.filed(location, NULL_MARK)
    }

    /// Every keyword of the document with the rule behind it, by its location.
    pub(crate) fn located(&self) -> impl Iterator<Item = (String, usize)> {
        let of_schema = |(location, rules): (&String, &Filed)| {
            rules.iter().map(|(keyword, rule)| (child(location, keyword), *rule)).collect::<Vec<_>>()
        };
        self.by_location.iter().flat_map(of_schema)
    }

    /// Every required property with the rule behind it, by the location of its `required`.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        self.required.iter().flat_map(|(location, required)| {
            required.iter().map(move |(property, rule)| (location.as_str(), property.as_str(), *rule))
        })
    }

    /// The rule of this code about the field at this dotted path: what decides uniqueness speaks through it.
    #[must_use]
    pub fn about(&self, path: &str, code: &str) -> Option<usize> {
        let is_there = |field: usize| self.fields.get(field).is_some_and(|field| field.path == path);
        self.rules.iter().position(|rule| rule.code == code && rule.field.is_some_and(is_there))
    }
}

/// A form's document and the rules behind it.
#[derive(Debug)]
pub struct Schema {
    /// The JSON Schema of the `form` value of a request.
    pub document: Value,
    /// Why each keyword stands where it does.
    pub rules: Rules,
}

/// One demand of a rule: keywords that are violated together or not at all, with what a violation is called.
struct Constraint {
    code: &'static str,
    param: Option<(&'static str, Value)>,
    keywords: Vec<(&'static str, Value)>,
    operand: Option<Operand>,
}

impl Constraint {
    fn new(code: &'static str, keywords: Vec<(&'static str, Value)>) -> Self {
        Self { code, param: None, keywords, operand: None }
    }

    fn param(self, name: &'static str, value: impl Into<Value>) -> Self {
        Self { param: Some((name, value.into())), ..self }
    }
}

/// Appends a reference token to a JSON Pointer (RFC 6901).
#[must_use]
pub fn child(pointer: &str, token: &str) -> String {
    let mut child = String::with_capacity(pointer.len() + 1 + token.len());
    child.push_str(pointer);
    push_token(&mut child, token);
    child
}

/// Lengthens a JSON Pointer by a reference token.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    // One look at each byte takes less than a search, and names are short.
    if token.bytes().any(|byte| matches!(byte, b'~' | b'/')) {
        pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(token);
    }
}

/// A reference token of a JSON Pointer as the name that it stands for (RFC 6901, 4).
pub(crate) fn unescaped(token: &str) -> Cow<'_, str> {
    if token.contains('~') { token.replace("~1", "/").replace("~0", "~").into() } else { token.into() }
}

/// What the refusal of null is filed under: beside the `type` that refuses it; no keyword is named so.
const NULL: &str = "type#null";
/// What tells it from the `type`.
const NULL_MARK: &str = "#null";

/// Builds the document of a form: a pure function of the form.
#[must_use]
pub fn build(form: &Form) -> Schema {
    builder::Builder::new(form).build()
}
