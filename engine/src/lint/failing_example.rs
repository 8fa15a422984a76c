//! `failing-example`: an example whose outcome is not the stated one.

use std::time::SystemTime;

use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, Rule};
use crate::messages::Languages;
use crate::model::Example;
use crate::submission::{Circumstances, Refusal, Submitted, Violation, submit};

/// Submits every example to the form, apart from uniqueness.
pub(super) fn check(form: &CompiledForm, now: SystemTime) -> Vec<Diagnostic> {
    form.form.examples.iter().flatten().filter_map(|example| run(form, example, now)).collect()
}

fn run(form: &CompiledForm, example: &Example, now: SystemTime) -> Option<Diagnostic> {
    let circumstances = Circumstances {
        now: example.now.unwrap_or(now),
        token: example.token.clone(),
        language: Languages::accepted(example.language.as_deref().unwrap_or_default())
            .first()
            .map(str::to_owned),
        address: None,
    };
    let violations = match submit(form, Submitted::new(example.form.clone()), &circumstances) {
        Ok(_) => Vec::new(),
        Err(Refusal::Violations(violations)) => violations,
        Err(Refusal::Payload(fault)) => {
            let source = &form.form.source;
            let message = format!("the value cannot be computed: {}", fault.reason);
            let found = Diagnostic::new(Rule::FailingExample, source, fault.span, message);
            return Some(found.also(source, example.span.clone(), "for this example"));
        }
    };
    let name =
        example.description.as_ref().map_or_else(String::new, |description| format!(" \"{description}\""));
    let diagnostic =
        |span, message: String| Diagnostic::new(Rule::FailingExample, &form.form.source, span, message);
    if example.valid.value {
        return (!violations.is_empty()).then(|| {
            let message = format!("the example{name} should be valid, and the form refuses it");
            diagnostic(example.valid.span.clone(), message).help(format!("it gives {}", summary(&violations)))
        });
    }
    if violations.is_empty() {
        let message = format!("the example{name} should be refused, and the form accepts it");
        return Some(diagnostic(example.valid.span.clone(), message));
    }
    let expected = example.errors.as_ref()?;
    let mut actual: Vec<(String, &str)> =
        violations.iter().map(|violation| (violation.dotted_path(), violation.code)).collect();
    let mut wanted: Vec<(String, &str)> = expected
        .value
        .iter()
        .flat_map(|(path, codes)| codes.iter().map(|code| (path.clone(), code.as_str())))
        .collect();
    actual.sort();
    wanted.sort();
    (actual != wanted).then(|| {
        let message = format!("the example{name} is refused, but not with these errors");
        diagnostic(expected.span.clone(), message).help(format!("it gives {}", summary(&violations)))
    })
}

/// The codes of all violations as an example would state them: `errors = { email = ["blank"] }`.
fn summary(violations: &[Violation]) -> String {
    let mut by_path: Vec<(String, Vec<&str>)> = Vec::new();
    for violation in violations {
        let path = violation.dotted_path();
        match by_path.iter_mut().find(|(known, _)| *known == path) {
            Some((_, codes)) => codes.push(violation.code),
            None => by_path.push((path, vec![violation.code])),
        }
    }
    let entries: Vec<String> = by_path
        .iter()
        .map(|(path, codes)| {
            let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let key = if plain { path.clone() } else { format!("{path:?}") };
            format!("{key} = {codes:?}")
        })
        .collect();
    format!("`errors = {{ {} }}`", entries.join(", "))
}
