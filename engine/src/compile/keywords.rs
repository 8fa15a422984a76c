//! `invalid-schema-keyword`: the `schema` of a field, which is added to the document as it stands.

use serde_json::{Map, Value};

use super::Compiler;
use super::pattern::Trial;
use crate::diagnostic::{Diagnostic, Rule, alternatives, has_errors, nearest};
use crate::lower::article;
use crate::model::{Field, Form, Spanned};
use crate::source::Span;

/// The keywords of JSON Schema 2020-12 about a value, and annotations. What identifies or refers to schemas is not
/// among them: a field's keywords have no document of their own to refer to.
const KEYWORDS: [&str; 44] = [
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contains",
    "contentEncoding",
    "contentMediaType",
    "default",
    "dependentRequired",
    "dependentSchemas",
    "deprecated",
    "description",
    "else",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "if",
    "items",
    "maxContains",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minContains",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "not",
    "oneOf",
    "pattern",
    "patternProperties",
    "prefixItems",
    "properties",
    "propertyNames",
    "readOnly",
    "required",
    "then",
    "title",
    "type",
    "uniqueItems",
];

/// The keywords whose value is a schema, an array of schemas, or an object of schemas.
const ONE: [&str; 8] =
    ["additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"];
const MANY: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
const NAMED: [&str; 3] = ["dependentSchemas", "patternProperties", "properties"];

/// The keywords that are about values of one type, with what these are called; any other value meets them.
const TYPED: [(&str, &str, &[&str]); 4] = [
    (
        "string",
        "strings",
        &["contentEncoding", "contentMediaType", "format", "maxLength", "minLength", "pattern"],
    ),
    ("number", "numbers", &["exclusiveMaximum", "exclusiveMinimum", "maximum", "minimum", "multipleOf"]),
    (
        "array",
        "arrays",
        &[
            "contains",
            "items",
            "maxContains",
            "maxItems",
            "minContains",
            "minItems",
            "prefixItems",
            "uniqueItems",
        ],
    ),
    (
        "object",
        "objects",
        &[
            "additionalProperties",
            "dependentRequired",
            "dependentSchemas",
            "maxProperties",
            "minProperties",
            "patternProperties",
            "properties",
            "propertyNames",
            "required",
        ],
    ),
];

/// The keywords that mean nothing without one of others.
const TOGETHER: [(&str, &[&str], &str); 5] = [
    ("if", &["then", "else"], "add `then` or `else`"),
    ("then", &["if"], "add `if`"),
    ("else", &["if"], "add `if`"),
    ("minContains", &["contains"], "add `contains`"),
    ("maxContains", &["contains"], "add `contains`"),
];

/// The formats that validators know (JSON Schema 2020-12 Validation, 7.3), without those that many leave out.
const FORMATS: [&str; 17] = [
    "date",
    "date-time",
    "duration",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// The keywords whose schemas are about the value itself, not about what it holds.
const IN_PLACE: [&str; 8] = ["allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"];

/// How deep such a schema may nest.
const MAX_DEPTH: usize = 32;

/// What is wrong with the further keywords of a field.
pub(super) fn check(
    compiler: &Compiler,
    form: &Form,
    field: &Field,
    schema: &Spanned<Map<String, Value>>,
) -> Vec<Diagnostic> {
    let mut checker = Checker { compiler, form, field, schema, diagnostics: Vec::new() };
    let defined = field.fields().iter().map(|field| field.name.value.as_str()).collect();
    checker.schema(&schema.value, &Place { pointer: String::new(), depth: 0, of_the_field: true, defined });
    if !has_errors(&checker.diagnostics)
        && let Err(error) = compiler.options.build(&Value::Object(schema.value.clone()))
    {
        let pointer = error.instance_path().as_str().to_owned();
        let message = match pointer.trim_start_matches('/') {
            "" => "the keywords do not make a schema".to_owned(),
            place => format!("the value of `{place}` is not one that JSON Schema 2020-12 takes there"),
        };
        checker.report(checker.value_at(&pointer), message, None);
    }
    checker.diagnostics
}

/// Where a schema stands.
struct Place<'s> {
    /// The way to it, as a JSON Pointer.
    pointer: String,
    depth: usize,
    /// Whether it is about the field's own value.
    of_the_field: bool,
    /// The properties that schemas around it define for the same value.
    defined: Vec<&'s str>,
}

struct Checker<'c> {
    compiler: &'c Compiler,
    form: &'c Form,
    field: &'c Field,
    schema: &'c Spanned<Map<String, Value>>,
    diagnostics: Vec<Diagnostic>,
}

impl<'c> Checker<'c> {
    fn report(&mut self, span: Span, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(Rule::InvalidSchemaKeyword, &self.form.source, span, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn key_at(&self, pointer: &str) -> Span {
        self.field.schema_spans.get(pointer).map_or(self.schema.span.clone(), |(key, _)| key.clone())
    }

    fn value_at(&self, pointer: &str) -> Span {
        self.field.schema_spans.get(pointer).map_or(self.schema.span.clone(), |(_, value)| value.clone())
    }

    fn schema(&mut self, keywords: &'c Map<String, Value>, place: &Place<'c>) {
        if place.depth > MAX_DEPTH {
            let message = format!("the keywords nest deeper than {MAX_DEPTH} levels");
            self.report(self.schema.span.clone(), message, None);
            return;
        }
        let own = keywords.get("properties").and_then(Value::as_object);
        let own = own.into_iter().flatten().map(|(name, _)| name.as_str());
        let defined: Vec<&str> = place.defined.iter().copied().chain(own).collect();
        for (keyword, value) in keywords {
            let pointer = format!("{}/{}", place.pointer, escaped(keyword));
            if !KEYWORDS.contains(&keyword.as_str()) {
                self.unknown(keyword, &pointer);
                continue;
            }
            let keyword = keyword.as_str();
            self.keyword(keywords, keyword, value, &pointer, place, &defined);
            let in_place = IN_PLACE.contains(&keyword);
            let inner = |pointer: String| Place {
                pointer,
                depth: place.depth + 1,
                of_the_field: place.of_the_field && in_place,
                defined: if in_place { defined.clone() } else { Vec::new() },
            };
            match value {
                Value::Object(one) if ONE.contains(&keyword) => self.schema(one, &inner(pointer)),
                Value::Object(named) if NAMED.contains(&keyword) => {
                    for (name, schema) in named {
                        let Value::Object(schema) = schema else { continue };
                        self.schema(schema, &inner(format!("{pointer}/{}", escaped(name))));
                    }
                }
                Value::Array(many) if MANY.contains(&keyword) => {
                    for (index, schema) in many.iter().enumerate() {
                        let Value::Object(schema) = schema else { continue };
                        self.schema(schema, &inner(format!("{pointer}/{index}")));
                    }
                }
                _ => {}
            }
        }
    }

    /// One keyword with what it needs beside it.
    fn keyword(
        &mut self,
        beside: &Map<String, Value>,
        keyword: &str,
        value: &Value,
        pointer: &str,
        place: &Place<'_>,
        defined: &[&str],
    ) {
        if let Some((_, others, help)) = TOGETHER.iter().find(|(name, ..)| *name == keyword)
            && !others.iter().any(|other| beside.contains_key(*other))
        {
            let message = format!("`{keyword}` alone decides nothing");
            self.report(self.key_at(pointer), message, Some((*help).to_owned()));
        }
        match (keyword, value) {
            ("pattern", Value::String(pattern)) => self.pattern(pattern, self.value_at(pointer)),
            ("patternProperties", Value::Object(named)) => {
                for pattern in named.keys() {
                    self.pattern(pattern, self.key_at(&format!("{pointer}/{}", escaped(pattern))));
                }
            }
            // One with a value that JSON cannot say is reported as such.
            ("enum", Value::Array(values))
                if values.is_empty() && !self.field.schema_spans.contains_key(&format!("{pointer}/0")) =>
            {
                let help = "list the values that there may be".to_owned();
                self.report(self.value_at(pointer), "`enum` lists no value".to_owned(), Some(help));
            }
            ("format", Value::String(format)) if !FORMATS.contains(&format.as_str()) => {
                self.unknown_format(format, pointer);
            }
            ("required", Value::Array(names)) => {
                let missing = names.iter().filter_map(Value::as_str).find(|name| !defined.contains(name));
                if let Some(name) = missing {
                    let message = format!("`required` names `{name}`, and no `properties` beside it do");
                    let help = format!("add `properties = {{ {name} = {{ … }} }}`");
                    self.report(self.value_at(pointer), message, Some(help));
                }
            }
            ("type", ty) if place.pointer.is_empty() => self.stated_type(ty, pointer),
            _ => {}
        }
        let own = self.field.ty.json_type();
        let typed = TYPED.iter().find(|(.., keywords)| keywords.contains(&keyword));
        if let Some((ty, values, _)) = typed.filter(|_| place.of_the_field)
            && *ty != own
            && (*ty, own) != ("number", "integer")
        {
            let message =
                format!("`{keyword}` is about {values}, and this field is {}", article(&self.field.ty));
            let (span, file) = (self.key_at(pointer), &self.form.source);
            let found = Diagnostic::new(Rule::IneffectiveValidation, file, span, message);
            self.diagnostics.push(found.help("remove it: any other value meets it"));
        }
    }

    /// A `type` beside the field's own.
    fn stated_type(&mut self, ty: &Value, pointer: &str) {
        let own = self.field.ty.json_type();
        let fits = |ty: &Value| ty.as_str().is_none_or(|ty| ty == own || (ty, own) == ("number", "integer"));
        if !ty.as_array().map_or_else(|| fits(ty), |types| types.iter().any(fits)) {
            let message = format!("this field is {}, and `type` says otherwise", article(&self.field.ty));
            let help = "remove it: the field's own `type` decides".to_owned();
            self.report(self.value_at(pointer), message, Some(help));
        }
    }

    fn unknown_format(&mut self, format: &str, pointer: &str) {
        let (message, help) = match format.strip_prefix("iri") {
            Some(rest @ ("" | "-reference")) => (
                format!("`{format}` is a format that many validators do not know"),
                Some(format!("write `uri{rest}`")),
            ),
            _ => (
                format!("there is no format `{format}`"),
                nearest(format, FORMATS).map(|near| format!("did you mean `{near}`?")),
            ),
        };
        let listed = || format!("the formats are {}", alternatives(FORMATS).replace(" or ", " and "));
        self.report(self.value_at(pointer), message, Some(help.unwrap_or_else(listed)));
    }

    fn unknown(&mut self, keyword: &str, pointer: &str) {
        let (message, help) = if keyword.starts_with('$') {
            let message = format!("`{keyword}` identifies or refers to schemas, and this one stands alone");
            (message, Some("write the keywords themselves".to_owned()))
        } else if keyword.starts_with("x-formwork-") {
            let message = format!("`{keyword}` is written by formwork alone");
            (message, Some("say it in the field's own keys".to_owned()))
        } else {
            let near = nearest(keyword, KEYWORDS).map(|near| format!("did you mean `{near}`?"));
            (format!("`{keyword}` is no keyword of JSON Schema 2020-12"), near)
        };
        self.report(self.key_at(pointer), message, help);
    }

    fn pattern(&mut self, pattern: &str, span: Span) {
        let pattern = Spanned::new(pattern.to_owned(), span);
        self.diagnostics.extend(self.compiler.patterns.check(self.form, &pattern, Trial::OfEach));
    }
}

/// A key as JSON Pointers have it (RFC 6901, 3).
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
