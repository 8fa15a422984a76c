//! `invalid-schema-keyword`: the `schema` of a field, which is added to the document as it stands.

use serde_json::{Map, Value};

use super::Compiler;
use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::{Form, Spanned};

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

/// How deep such a schema may nest.
const MAX_DEPTH: usize = 32;

/// What is wrong with the further keywords of a field.
pub(super) fn check(
    compiler: &Compiler,
    form: &Form,
    schema: &Spanned<Map<String, Value>>,
) -> Vec<Diagnostic> {
    let mut checker = Checker { compiler, form, schema, diagnostics: Vec::new() };
    checker.schema(&schema.value, 0);
    if checker.diagnostics.is_empty()
        && let Err(error) = compiler.options.build(&Value::Object(schema.value.clone()))
    {
        let place = error.instance_path().as_str().trim_start_matches('/').to_owned();
        let message = match place.as_str() {
            "" => "the keywords do not make a schema".to_owned(),
            place => format!("the value of `{place}` is not one that JSON Schema 2020-12 takes there"),
        };
        checker.report(schema.span.clone(), message, None);
    }
    checker.diagnostics
}

struct Checker<'c> {
    compiler: &'c Compiler,
    form: &'c Form,
    schema: &'c Spanned<Map<String, Value>>,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, span: crate::source::Span, message: String, help: Option<String>) {
        let mut diagnostic = Diagnostic::new(Rule::InvalidSchemaKeyword, &self.form.source, span, message);
        diagnostic.help = help;
        self.diagnostics.push(diagnostic);
    }

    fn schema(&mut self, keywords: &Map<String, Value>, depth: usize) {
        if depth > MAX_DEPTH {
            self.report(
                self.schema.span.clone(),
                format!("the keywords nest deeper than {MAX_DEPTH} levels"),
                None,
            );
            return;
        }
        for (keyword, value) in keywords {
            if !KEYWORDS.contains(&keyword.as_str()) {
                self.unknown(keyword);
                continue;
            }
            match (keyword.as_str(), value) {
                ("pattern", Value::String(pattern)) => self.pattern(pattern),
                ("patternProperties", Value::Object(named)) => {
                    named.keys().for_each(|pattern| self.pattern(pattern));
                }
                _ => {}
            }
            let keyword = keyword.as_str();
            match value {
                Value::Object(inner) if ONE.contains(&keyword) => self.schema(inner, depth + 1),
                Value::Object(named) if NAMED.contains(&keyword) => {
                    named
                        .values()
                        .filter_map(Value::as_object)
                        .for_each(|inner| self.schema(inner, depth + 1));
                }
                Value::Array(many) if MANY.contains(&keyword) => {
                    many.iter().filter_map(Value::as_object).for_each(|inner| self.schema(inner, depth + 1));
                }
                _ => {}
            }
        }
    }

    fn unknown(&mut self, keyword: &str) {
        let (message, help) = if keyword.starts_with('$') {
            let message = format!("`{keyword}` identifies or refers to schemas, and this one stands alone");
            (message, Some("write the keywords themselves".to_owned()))
        } else if keyword.starts_with("x-formwork-") {
            let message = format!("`{keyword}` is written by formwork alone");
            (message, Some("say it in the field's own keys".to_owned()))
        } else {
            let near = nearest(keyword, KEYWORDS).map(|near| format!("did you mean `{near}`?"));
            (format!("JSON Schema 2020-12 has no keyword `{keyword}`"), near)
        };
        self.report(self.schema.span.clone(), message, help);
    }

    fn pattern(&mut self, pattern: &str) {
        let pattern = Spanned::new(pattern.to_owned(), self.schema.span.clone());
        self.diagnostics.extend(self.compiler.check_pattern(self.form, &pattern));
    }
}
