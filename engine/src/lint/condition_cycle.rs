//! `condition-cycle`: fields whose presence depends on itself, or on what is decided later.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Condition, Form, Step, Whens, dotted};

pub(super) fn check(form: &Form) -> Vec<Diagnostic> {
    let whens = Whens::of(form);
    let mut found: Vec<Diagnostic> = cycle(form, &whens).into_iter().collect();
    for (owner, condition) in &whens.fields {
        decided_too_early(form, owner, condition, &mut found);
    }
    found
}

fn cycle(form: &Form, whens: &Whens<'_>) -> Option<Diagnostic> {
    let start = whens.in_order().err()?;
    let (owner, condition) = &whens.fields[start];
    let name = dotted(owner);
    let mut mention = None;
    condition.for_each_field(&mut |path, _| {
        let target = form.resolve(owner, &path.value);
        let is_cause = target.is_some_and(|target| {
            whens.causes[start].iter().any(|cause| {
                let cause_path = &whens.fields[*cause].0;
                let related = target.path.starts_with(cause_path) || cause_path.starts_with(&target.path);
                related && (*cause == start || reaches(whens, *cause, start))
            })
        });
        if is_cause && mention.is_none() {
            mention = Some(path);
        }
    });
    let mention = mention?;
    let (message, help) = if mention.value == name {
        (format!("whether `{name}` is there depends on itself"), "remove it, or name another field")
    } else {
        let message =
            format!("whether `{name}` is there depends on `{}`, which depends on `{name}`", mention.value);
        (message, "let one of them depend on nothing, or on another field")
    };
    let diagnostic = Diagnostic::new(Rule::ConditionCycle, &form.source, mention.span.clone(), message);
    Some(diagnostic.help(help))
}

/// Whether the causes of a field's presence, and theirs, include another.
fn reaches(whens: &Whens<'_>, from: usize, to: usize) -> bool {
    let mut seen = vec![false; whens.fields.len()];
    let mut next = vec![from];
    while let Some(index) = next.pop() {
        if index == to {
            return true;
        }
        if !std::mem::replace(&mut seen[index], true) {
            next.extend(&whens.causes[index]);
        }
    }
    false
}

/// A `when` that depends on what the form computes, which it does once it is known which fields are there.
fn decided_too_early(form: &Form, owner: &[Step], condition: &Condition, found: &mut Vec<Diagnostic>) {
    condition.for_each_field(&mut |path, _| {
        let target = form.resolve(owner, &path.value);
        if target.is_some_and(|target| form.payload_computes(&target.path)) {
            let name = dotted(owner);
            let message =
                format!("whether `{name}` is there is decided before the form computes `{}`", path.value);
            let diagnostic = Diagnostic::new(Rule::ConditionCycle, &form.source, path.span.clone(), message);
            found
                .push(diagnostic.help("depend on what is sent, or write the condition as `if` of the rules"));
        }
    });
}
