//! `condition-cycle`: fields that are there only if they are there.

use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{Condition, Form, Spanned, Step, dotted};

pub(super) fn check(form: &Form) -> Option<Diagnostic> {
    let all = form.whens();
    let start = (0..all.len()).find(|start| leads_back(form, &all, *start))?;
    let (path, condition) = &all[start];
    let name = dotted(path);
    let mention = mention_on_the_way(form, &all, start, condition)?;
    let message =
        format!("whether `{name}` is there depends on `{}`, which depends on `{name}`", mention.value);
    let message =
        if mention.value == name { format!("whether `{name}` is there depends on itself") } else { message };
    let diagnostic = Diagnostic::new(Rule::ConditionCycle, &form.source, mention.span.clone(), message);
    Some(diagnostic.help("let one of them depend on nothing, or on another field"))
}

/// Whether the causes of a field's presence, and theirs, include the field itself.
fn leads_back(form: &Form, all: &[(Vec<Step>, &Condition)], start: usize) -> bool {
    reaches(form, all, start, start)
}

fn reaches(form: &Form, all: &[(Vec<Step>, &Condition)], from: usize, to: usize) -> bool {
    let mut seen = vec![false; all.len()];
    let mut next = form.causes(from, all);
    while let Some(index) = next.pop() {
        if index == to {
            return true;
        }
        if !std::mem::replace(&mut seen[index], true) {
            next.extend(form.causes(index, all));
        }
    }
    false
}

/// The mention of a field in a condition that leads back to the condition's own field.
fn mention_on_the_way<'c>(
    form: &Form,
    all: &[(Vec<Step>, &Condition)],
    start: usize,
    condition: &'c Condition,
) -> Option<&'c Spanned<String>> {
    let owner = &all[start].0;
    let mut found = None;
    condition.for_each_field(&mut |path, _| {
        let Some(target) = form.resolve(owner, &path.value) else { return };
        let mut causes = all.iter().enumerate().filter(|(_, (cause, _))| target.path.starts_with(cause));
        let leads = causes.any(|(cause, _)| cause == start || reaches(form, all, cause, start));
        if leads && found.is_none() {
            found = Some(path);
        }
    });
    found
}
