//! `wrong-type` of what refers to other fields: expectations that a value of the field's type cannot meet, and
//! comparisons of what cannot be compared.

use serde_json::Value;

use crate::diagnostic::{Diagnostic, Rule};
use crate::lower::article;
use crate::model::{
    Against, Check, Condition, Expectation, Field, FieldType, Form, Spanned, Step, Target, Validation,
};
use crate::schema::{alternatives, clauses, is_mixed};
use crate::source::Span;

pub(super) fn check(form: &Form, field: &Field, owner: &[Step]) -> Vec<Diagnostic> {
    let mut checker = Checker { form, owner, found: Vec::new() };
    if let Some(when) = &field.when {
        checker.condition(when, true);
    }
    for validation in &field.validations {
        if let Some(condition) = &validation.condition {
            checker.condition(condition, false);
        }
        checker.validation(validation);
    }
    checker.found
}

struct Checker<'c> {
    form: &'c Form,
    owner: &'c [Step],
    found: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn report(&mut self, rule: Rule, span: &Span, message: impl Into<String>, help: impl Into<String>) {
        self.found.push(Diagnostic::new(rule, &self.form.source, span.clone(), message).help(help));
    }

    fn condition(&mut self, condition: &Condition, is_when: bool) {
        let mut mentions = Vec::new();
        condition.for_each_field(&mut |path, expectation| mentions.push((path, expectation)));
        for (path, expectation) in &mentions {
            if let Some(target) = self.form.resolve(self.owner, &path.value) {
                self.expectation(path, &target, expectation);
            }
        }
        let mixed = is_mixed(self.form, self.owner, condition);
        let too_mixed = mixed && (is_when || alternatives(self.form, self.owner, condition).is_none());
        if let Some((path, _)) = mentions.first().filter(|_| too_mixed) {
            self.report(
                Rule::WrongType,
                &path.span,
                "one `any` or `not` is about fields of the item and of the form around it",
                "ask of each separately: entries of one table that must all hold may be about both",
            );
        }
    }

    fn expectation(&mut self, path: &Spanned<String>, target: &Target<'_>, expectation: &Expectation) {
        let ty = &target.field.ty;
        let name = &path.value;
        match expectation {
            Expectation::Present(_) => {}
            _ if is_secret(self.form, &target.path) => {
                let message = format!("`{name}` is secret: a condition may ask only whether it is present");
                let help =
                    format!("write `\"{name}\" = {{ present = true }}`: the form's document is public");
                self.report(Rule::SecretInTemplate, &path.span, message, help);
            }
            _ if ty.is_compound() => {
                let message = format!("`{name}` is {} and equals no single value", article(ty));
                let help = if target.field.items().is_some() {
                    format!("write `\"{name}\" = {{ present = true }}`: whether it has any item")
                } else {
                    format!("write `\"{name}\" = {{ present = true }}`, or name a field within it")
                };
                self.report(Rule::WrongType, &path.span, message, help);
            }
            Expectation::Compares(comparisons) => {
                if let Some((_, bound)) = comparisons.first().filter(|_| !ty.is_numeric()) {
                    let message = format!("`{name}` is {} and compares with no number", article(ty));
                    self.report(Rule::WrongType, &bound.span, message, "expect a value that it may have");
                }
            }
            Expectation::OneOf(values) => {
                for value in values.iter().filter(|value| !may_be(ty, &value.value)) {
                    let message = format!("`{name}` is {} and never equals {}", article(ty), value.value);
                    let help = match (&value.value, ty) {
                        (Value::String(text), _)
                            if matches!(text.as_str(), "present" | "blank" | "absent") =>
                        {
                            format!("write `\"{name}\" = {{ present = {} }}`", text == "present")
                        }
                        (Value::String(text), _) if text.parse().is_ok_and(|value| may_be(ty, &value)) => {
                            format!("write it without quotes: {text}")
                        }
                        (_, _) if ty.json_type() == "string" => {
                            format!("write it in quotes: \"{}\"", value.value)
                        }
                        _ if ty.is_numeric() => "expect a number".to_owned(),
                        _ => "expect `true` or `false`".to_owned(),
                    };
                    self.report(Rule::WrongType, &value.span, message, help);
                }
            }
        }
    }

    fn validation(&mut self, validation: &Validation) {
        match &validation.check {
            Check::Comparison(comparisons) => {
                for (_, path) in comparisons {
                    self.compared(validation, path, "a number", |field| field.ty.is_numeric());
                }
            }
            Check::Timing(timing) => {
                for (_, against) in &timing.bounds {
                    let Against::Field(name) = &against.value else { continue };
                    let path = Spanned::new(name.clone(), against.span.clone());
                    let what = if timing.with_time { "a datetime" } else { "a date" };
                    self.compared(validation, &path, what, |field| is_time(field, timing.with_time));
                }
            }
            _ => {}
        }
    }

    /// A field that another is compared with.
    fn compared(
        &mut self,
        validation: &Validation,
        path: &Spanned<String>,
        what: &str,
        fits: impl Fn(&Field) -> bool,
    ) {
        let Some(target) = self.form.resolve(self.owner, &path.value) else { return };
        let name = &path.value;
        if target.path == self.owner {
            let message = format!("`{name}` is compared with itself");
            self.report(Rule::WrongType, &path.span, message, "name another field");
        } else if target.field.secret {
            let message = format!("`{name}` is secret, and the error would tell its value");
            self.report(Rule::SecretInTemplate, &path.span, message, "name another field");
        } else if !fits(target.field) {
            let message = format!("`{name}` is {}, and this field is {what}", article(&target.field.ty));
            self.report(Rule::WrongType, &path.span, message, format!("name a field that is {what}"));
        } else if let Some(condition) = &validation.condition {
            let shared = self.owner.iter().zip(&target.path).take_while(|(own, other)| own == other).count();
            if clauses(self.form, self.owner, condition).iter().any(|clause| clause.scope > shared) {
                let message = format!("the condition is about the item, and `{name}` is outside of it");
                self.report(Rule::WrongType, &path.span, message, "compare with a field of the item");
            }
        }
    }
}

/// Whether a field, or one that it is in, is secret.
fn is_secret(form: &Form, path: &[Step]) -> bool {
    let mut fields = form.fields.as_slice();
    let mut field: Option<&Field> = None;
    for step in path {
        field = match step {
            Step::Key(name) => fields.iter().find(|field| field.name.value == *name),
            Step::Item => field.and_then(Field::items),
        };
        if field.is_some_and(|field| field.secret) {
            return true;
        }
        fields = field.map(Field::fields).unwrap_or_default();
    }
    false
}

fn is_time(field: &Field, with_time: bool) -> bool {
    match field.ty {
        FieldType::Date => !with_time,
        FieldType::DateTime => with_time,
        _ => field
            .validations
            .iter()
            .any(|rule| matches!(&rule.check, Check::Timing(timing) if timing.with_time == with_time)),
    }
}

fn may_be(ty: &FieldType, value: &Value) -> bool {
    match ty.json_type() {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => false,
    }
}
