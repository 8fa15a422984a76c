//! `failing-example`: an example whose outcome is not the stated one.

use std::time::SystemTime;

use crate::compile::CompiledForm;
use crate::diagnostic::{Diagnostic, Rule};
use crate::example_run::{ExampleRun, Outcome, PathAndCode, run_examples};

/// Submits every example to the form, apart from uniqueness.
pub(super) fn check(form: &CompiledForm, now: SystemTime) -> Vec<Diagnostic> {
    run_examples(form, now).iter().filter_map(|run| report(form, run)).collect()
}

fn report(form: &CompiledForm, run: &ExampleRun<'_>) -> Option<Diagnostic> {
    let (example, source) = (run.example, &form.form.source);
    let name =
        example.description.as_ref().map_or_else(String::new, |description| format!(" \"{description}\""));
    let diagnostic = |span, message: String| Diagnostic::new(Rule::FailingExample, source, span, message);
    let gives =
        || format!("write {} if that is right, or change the example or the form", summary(&run.actual));
    match &run.outcome {
        Outcome::Passed => None,
        Outcome::Refused => {
            let message = format!("the example{name} should be valid, and the form refuses it");
            Some(diagnostic(example.valid.span.clone(), message).help(gives()))
        }
        Outcome::Accepted => {
            let message = format!("the example{name} should be refused, and the form accepts it");
            let help = "add the rule that should refuse it, or leave out of the example that it is refused";
            Some(diagnostic(example.valid.span.clone(), message).help(help))
        }
        Outcome::OtherErrors => {
            let message = format!("the example{name} is refused, but not with these errors");
            let span = example.errors.as_ref().map_or(&example.span, |errors| &errors.span);
            Some(diagnostic(span.clone(), message).help(gives()))
        }
        Outcome::Uncomputable(fault) => {
            let message = format!("the value cannot be computed: {}", fault.reason);
            let found = diagnostic(fault.span.clone(), message);
            Some(found.also(source, example.span.clone(), "for this example"))
        }
    }
}

/// The codes of all violations as an example would state them: `errors = { email = ["blank"] }`.
fn summary(violations: &[PathAndCode]) -> String {
    let mut by_path: Vec<(&str, Vec<&str>)> = Vec::new();
    for (path, code) in violations {
        match by_path.iter_mut().find(|(known, _)| known == path) {
            Some((_, codes)) => codes.push(code),
            None => by_path.push((path, vec![code])),
        }
    }
    let entries: Vec<String> = by_path
        .iter()
        .map(|(path, codes)| {
            let plain = path.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let key = if plain { (*path).to_owned() } else { format!("{path:?}") };
            format!("{key} = {codes:?}")
        })
        .collect();
    format!("`errors = {{ {} }}`", entries.join(", "))
}
