//! `dead-condition`: an expectation that no valid value meets, proved on the compiled schema.

use std::time::SystemTime;

use crate::compile::{CompiledForm, Compiler};
use crate::diagnostic::{Diagnostic, Rule, nearest};
use crate::model::{Expectation, Field, Step};
use crate::vocabulary;

pub(super) fn check(
    compiler: &Compiler,
    form: &CompiledForm,
    field: &Field,
    owner: &[Step],
    now: SystemTime,
) -> Vec<Diagnostic> {
    let rules = field.validations.iter().filter_map(|validation| validation.condition.as_ref());
    let mut diagnostics = Vec::new();
    for condition in field.when.iter().chain(rules) {
        condition.for_each_field(&mut |path, expectation| {
            let Expectation::OneOf(values) = expectation else { return };
            let target = form.form.resolve(owner, &path.value);
            let schema = target.and_then(|target| form.schema_of(&target.path));
            let Some(validator) = schema.and_then(|schema| compiler.validator(schema)) else { return };
            for value in values {
                if vocabulary::at(now, || validator.is_valid(&value.value)) {
                    continue;
                }
                let message = format!("`{}` is never {}", path.value, value.value);
                let found =
                    Diagnostic::new(Rule::DeadCondition, &form.form.source, value.span.clone(), message);
                let options: Vec<&str> = schema
                    .and_then(|schema| schema.get("enum")?.as_array())
                    .into_iter()
                    .flatten()
                    .filter_map(serde_json::Value::as_str)
                    .collect();
                let near = value.value.as_str().and_then(|written| nearest(written, options));
                let help = near.map_or_else(
                    || "the field's own rules refuse this value: expect one that they allow".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                diagnostics.push(found.help(help));
            }
        });
    }
    diagnostics
}
