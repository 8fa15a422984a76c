//! Model → one JSON Schema 2020-12 document per form, with the rule behind every place in it.
//!
//! A violation is found by the validator at a *schema location*; [`Rules`] says which rule of which field put a
//! keyword there. So codes and params come from the form, and no text of a library is ever read. Called by
//! `compile`.

mod email;
mod format;
mod inclusion;
mod length;
mod numericality;
mod presence;
mod unique;

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::model::{Check, Field, FieldType, Form, Spanned, UnknownFields, Validation};

pub use email::is_email;
pub(crate) use presence::is_blank;

/// The dialect of every document.
pub const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// What a field is called, for messages and for paths.
#[derive(Clone, Debug)]
pub struct FieldInfo {
    /// The dotted path, as `errors` says it.
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
    /// What the code's message is made of.
    pub params: Map<String, Value>,
    /// The author's own message: a template.
    pub message: Option<Spanned<String>>,
}

/// Every rule of a form in declared order, found by the schema location that it put a keyword at.
#[derive(Debug, Default)]
pub struct Rules {
    /// In declared order; the order of a form's errors.
    pub rules: Vec<SchemaRule>,
    /// Every declared field, groups included, in declared order.
    pub fields: Vec<FieldInfo>,
    by_location: HashMap<String, usize>,
}

impl Rules {
    /// The rule behind the keyword at `location`, a JSON Pointer into the document.
    #[must_use]
    pub fn at(&self, location: &str) -> Option<usize> {
        self.by_location.get(location).copied()
    }

    /// The rule that requires `property` of the object whose `required` stands at `location`.
    #[must_use]
    pub fn requiring(&self, location: &str, property: &str) -> Option<usize> {
        self.at(&child(location, property))
    }

    /// The rule that refuses null where the `type` at `location` does.
    #[must_use]
    pub fn refusing_null(&self, location: &str) -> Option<usize> {
        self.at(&null_location(location))
    }

    /// The rule of this code about the field at this dotted path: what decides uniqueness speaks through it.
    #[must_use]
    pub fn about(&self, path: &str, code: &str) -> Option<usize> {
        let field = self.fields.iter().position(|field| field.path == path)?;
        self.rules.iter().position(|rule| rule.field == Some(field) && rule.code == code)
    }

    fn add(
        &mut self,
        field: Option<usize>,
        constraint: &Constraint,
        message: Option<&Spanned<String>>,
    ) -> usize {
        self.rules.push(SchemaRule {
            field,
            code: constraint.code,
            params: constraint.params.clone(),
            message: message.cloned(),
        });
        self.rules.len() - 1
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
    params: Map<String, Value>,
    keywords: Vec<(&'static str, Value)>,
}

impl Constraint {
    fn new(code: &'static str, keywords: Vec<(&'static str, Value)>) -> Self {
        Self { code, params: Map::new(), keywords }
    }

    fn param(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.params.insert(name.to_owned(), value.into());
        self
    }
}

/// Appends a reference token to a JSON Pointer (RFC 6901).
#[must_use]
pub fn child(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// Where the refusal of null is filed: beside the `type` that refuses it; no keyword is named so.
fn null_location(type_location: &str) -> String {
    format!("{type_location}#null")
}

/// Builds the document of a form: a pure function of the form.
#[must_use]
pub fn build(form: &Form) -> Schema {
    let mut builder =
        Builder { rules: Rules::default(), closed: form.unknown_fields == UnknownFields::Reject };
    let mut document = Map::new();
    document.insert("$schema".into(), DIALECT.into());
    document.insert("title".into(), form.name.value.clone().into());
    if let Some(description) = &form.description {
        document.insert("description".into(), description.clone().into());
    }
    document.insert("type".into(), "object".into());
    let type_rule = builder.rules.add(None, &type_constraint("object"), None);
    builder.rules.by_location.insert("/type".into(), type_rule);
    let mut root = Subschema { keywords: document, all_of: Vec::new(), location: String::new() };
    builder.object(&mut root, &form.fields, "");
    Schema { document: root.finish(), rules: builder.rules }
}

/// A schema object under construction and where it will stand.
struct Subschema {
    keywords: Map<String, Value>,
    all_of: Vec<Value>,
    location: String,
}

impl Subschema {
    fn annotate(&mut self, keyword: &str, value: impl Into<Value>) {
        self.keywords.insert(keyword.to_owned(), value.into());
    }

    /// Adds a constraint; beside the other keywords if none of them is taken, else in an `allOf` of its own.
    fn constrain(&mut self, constraint: &Constraint, guard: Option<Value>, rule: usize, rules: &mut Rules) {
        let taken = constraint.keywords.iter().any(|(keyword, _)| self.keywords.contains_key(*keyword));
        let base = if taken || guard.is_some() {
            let keywords: Map<String, Value> = constraint
                .keywords
                .iter()
                .map(|(keyword, value)| ((*keyword).to_owned(), value.clone()))
                .collect();
            let base = format!("{}/allOf/{}", self.location, self.all_of.len());
            if let Some(guard) = guard {
                self.all_of.push(json!({ "if": guard, "then": keywords }));
                format!("{base}/then")
            } else {
                self.all_of.push(Value::Object(keywords));
                base
            }
        } else {
            for (keyword, value) in &constraint.keywords {
                self.annotate(keyword, value.clone());
            }
            self.location.clone()
        };
        for (keyword, _) in &constraint.keywords {
            rules.by_location.insert(format!("{base}/{keyword}"), rule);
        }
    }

    fn finish(mut self) -> Value {
        if !self.all_of.is_empty() {
            self.keywords.insert("allOf".into(), Value::Array(self.all_of));
        }
        Value::Object(self.keywords)
    }
}

fn type_constraint(expected: &'static str) -> Constraint {
    Constraint::new("type", Vec::new()).param("expected", expected)
}

struct Builder {
    rules: Rules,
    closed: bool,
}

impl Builder {
    /// Adds `properties`, `required` and `additionalProperties`; whether any field has to be sent.
    fn object(&mut self, schema: &mut Subschema, fields: &[Field], path: &str) -> bool {
        let mut properties = Map::new();
        let mut required = Vec::new();
        let properties_location = format!("{}/properties", schema.location);
        let required_location = format!("{}/required", schema.location);
        for field in fields {
            let name = &field.name.value;
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let built = self.value(field, &path, child(&properties_location, name));
            properties.insert(name.clone(), built.schema);
            if let Some(presence) = built.presence {
                self.rules.by_location.insert(child(&required_location, name), presence);
            }
            if built.has_to_be_sent {
                required.push(Value::from(name.clone()));
            }
        }
        let needed = !required.is_empty();
        schema.annotate("properties", properties);
        if needed {
            schema.annotate("required", required);
        }
        if self.closed {
            let unknown =
                Constraint::new("unknown_field", vec![("additionalProperties", Value::Bool(false))]);
            let rule = self.rules.add(None, &unknown, None);
            schema.constrain(&unknown, None, rule, &mut self.rules);
        }
        needed
    }

    fn value(&mut self, field: &Field, path: &str, location: String) -> BuiltValue {
        let index = self.rules.fields.len();
        self.rules.fields.push(FieldInfo {
            path: path.to_owned(),
            label: field.label.clone(),
            json_type: field.ty.json_type(),
            secret: field.secret,
        });
        let mut schema = Subschema { keywords: Map::new(), all_of: Vec::new(), location };
        schema.annotate("title", field.label.clone());
        if let Some(description) = &field.description {
            schema.annotate("description", description.clone());
        }
        let expected = field.ty.json_type();
        let type_location = format!("{}/type", schema.location);
        let type_rule = self.rules.add(Some(index), &type_constraint(expected), None);
        self.rules.by_location.insert(type_location.clone(), type_rule);
        let presence = field.presence().map(|presence| {
            let blank = Constraint::new("blank", Vec::new());
            let rule = self.rules.add(Some(index), &blank, presence.message.as_ref());
            self.rules.by_location.insert(null_location(&type_location), rule);
            rule
        });
        let nullable = presence.is_none();
        schema.annotate("type", if nullable { json!([expected, "null"]) } else { json!(expected) });
        annotate(&mut schema, field);
        for validation in &field.validations {
            for constraint in constraints(validation, field, nullable) {
                let rule = match validation.check {
                    Check::Presence => presence.unwrap_or(type_rule),
                    _ => self.rules.add(Some(index), &constraint, validation.message.as_ref()),
                };
                let guard = validation.allow_blank.then(presence::not_blank);
                schema.constrain(&constraint, guard, rule, &mut self.rules);
            }
        }
        for constraint in numericality::unstated_bounds(field) {
            let rule = self.rules.add(Some(index), &constraint, None);
            schema.constrain(&constraint, None, rule, &mut self.rules);
        }
        if let Some((constraint, guard)) = length::unstated_maximum(field) {
            let rule = self.rules.add(Some(index), &constraint, None);
            schema.constrain(&constraint, guard, rule, &mut self.rules);
        }
        // What a default fills in need not be sent; nor need a profile that a default brings about.
        let mut has_to_be_sent = presence.is_some() && !field.has_default();
        if let FieldType::Group { fields, implied } = &field.ty {
            let needed = self.object(&mut schema, fields, path);
            has_to_be_sent |= needed && (*implied || field.has_default());
            // A group that is null counts as absent.
            schema.annotate("type", if has_to_be_sent { json!(expected) } else { json!([expected, "null"]) });
        }
        BuiltValue { schema: schema.finish(), presence, has_to_be_sent }
    }
}

struct BuiltValue {
    schema: Value,
    presence: Option<usize>,
    has_to_be_sent: bool,
}

/// What a validator does not judge by, and people and programs want to know.
fn annotate(schema: &mut Subschema, field: &Field) {
    if let Some(default) = field.default.as_ref().filter(|_| !field.secret) {
        schema.annotate("default", default.value.clone());
    }
    if field.readonly {
        schema.annotate("readOnly", true);
    }
    if field.secret {
        schema.annotate("writeOnly", true);
    }
    if field.virtual_field {
        schema.annotate("x-formwork-virtual", true);
    }
    if !field.normalize.is_empty() {
        let steps: Vec<&str> = field.normalize.iter().map(|step| step.name()).collect();
        schema.annotate("x-formwork-normalize", steps);
    }
}

/// What a rule says in JSON Schema; one entry per error code that it can give.
fn constraints(validation: &Validation, field: &Field, nullable: bool) -> Vec<Constraint> {
    match &validation.check {
        Check::Presence => presence::constraints(field),
        Check::Length(length) => length::constraints(length),
        Check::Format { with, without } => format::constraints(with.as_ref(), without.as_ref()),
        Check::Email => email::constraints(),
        Check::Inclusion(values) => inclusion::inclusion(values, nullable),
        Check::Exclusion(values) => inclusion::exclusion(values),
        Check::Numericality(numericality) => numericality::constraints(numericality, nullable),
        Check::Unique(unique) => unique::constraints(unique),
    }
}
